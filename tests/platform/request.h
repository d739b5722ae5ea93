/*
 * A request that has arrived whole. It belongs to the connection and is gone
 * when that ends; what its functions return belongs to it.
 */
#ifndef PLATFORM_REQUEST_H
#define PLATFORM_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/platform/form.h"

#define REQUEST_BODY_MAX (1 << 20)
#define REQUEST_CAPTURES 2

/* What a port is for. */
enum port {
    PORT_PLATFORM,
    PORT_ACCOUNT,
    PORT_DATA,
    PORT_SECOND, /* the second service */
    PORT_CONTROL
};

struct request {
    struct MHD_Connection *connection;
    enum port port;
    const char *base; /* this port's base URL, without a path */
    char *method;
    char *path;
    char *body;
    size_t length;
    bool too_long;          /* more than REQUEST_BODY_MAX; the rest is lost */
    bool has_form;          /* by its content type */
    const char *form_wrong; /* what is wrong with the form, or NULL */
    struct form form;
    char capture[REQUEST_CAPTURES][64]; /* ids in the path, see route.h */
};

struct request *request_new(struct MHD_Connection *connection, enum port port,
                            const char *base, const char *method,
                            const char *path);
void request_free(struct request *request);

/* Adds a piece of the body. */
void request_add(struct request *request, const char *bytes, size_t length);

/* Reads the form, if it is one. To be called once the body is there. */
void request_finish(struct request *request);

/* A header, a query argument; NULL when missing. */
const char *request_header(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);

/* Whether a query argument comes more than once (RFC 6749, 3.1). */
bool request_repeats_query(const struct request *request);

/* Whether the content type is this one, whatever its parameters. */
bool request_has_type(const struct request *request, const char *type);

/* The token of "Authorization: Bearer …" (RFC 6750, 2.1), or NULL. */
const char *request_bearer(const struct request *request);

/*
 * Waits at most ms milliseconds (negative: for ever) till the client has gone
 * or the platform forgets the request; true when it did. Takes the lock of
 * state.h itself, so it must not be held.
 */
bool request_is_gone(const struct request *request, unsigned epoch, double ms);

/* Sends a TCP reset: the client sees its connection die at once. */
void request_reset(const struct request *request);

/* Waits till the kernel has sent all that was written, at most a second. */
void request_drain(const struct request *request);

#endif
