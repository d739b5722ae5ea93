/*
 * http.h - the door to libcurl: one bounded exchange.
 *
 * What holds for every exchange: https (or http to a loopback address) and
 * nothing else, certificates verified, no redirect followed (a 3xx is an
 * answer like any other), body of at most HTTP_BODY_MAX bytes, everything
 * within the time limits, no signals, no cookies, no .netrc, SIGPIPE cannot
 * kill. Request bodies and answers are wiped. With the level debug a line goes
 * to the log: method, host, path, and how it ended.
 */
#ifndef PARALLEL_WRAP_HTTP_H
#define PARALLEL_WRAP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"

#define HTTP_BODY_MAX (1024 * 1024)

/* Times and trust, from the configuration; not owned. */
struct http_options {
    int64_t connect_timeout_ms; /* name, connection and TLS handshake */
    int64_t timeout_ms;         /* the whole exchange */
    const char *proxy;          /* NULL: the environment's, as libcurl does;
                                   "": none */
    bool proxy_fixed;           /* no_proxy of the environment is nothing */
    const char *ca_file;        /* NULL or a bundle to trust instead */
    const char *ca_directory;   /* NULL or a hashed folder to trust instead */
    bool (*cancelled)(void);    /* NULL, or asked about once a second: true
                                   ends the exchange: FAIL_INTERRUPTED */
};

struct http_request {
    const char *method; /* "GET", "POST", "DELETE" */
    const char *url;
    const char *content_type;    /* NULL without a body */
    const struct secret *body;   /* NULL or not owned */
    const struct secret *bearer; /* NULL, or sent as a Bearer token */
    const char *basic_user;      /* NULL, or HTTP Basic (already encoded as
                                    the caller needs it) */
    const struct secret *basic_password;
};

/* How far an exchange came that failed. */
enum http_step {
    HTTP_AT_START, /* nothing was tried */
    HTTP_AT_NAME,  /* the name was looked up */
    HTTP_AT_PROXY, /* its name, the way to it, or what it answered */
    HTTP_AT_SERVER /* the way to it, TLS, or its answer */
};

struct http_response {
    int status; /* 100..599 */
    struct secret body;
    int64_t retry_after_s; /* -1 when the server did not say; a date is
                              turned into seconds from now */
    int64_t date;          /* the server's clock, seconds, or 0 */
    bool timed_out;        /* http_send() failed at a time limit */
    enum http_step step;   /* http_send() failed there */
};

#define HTTP_RESPONSE_INIT                                                    \
    {                                                                         \
        0, SECRET_INIT, -1, 0, false, HTTP_AT_START                           \
    }

/*
 * Send and receive. 0 with a complete response of any status; or -1 with
 * FAIL_SERVICE and an id
 *     "network"      nothing reached the server: name, connection, TLS set-up
 *     "certificate"  the server could not be verified; nothing was sent
 *     "lost"         the request may have been carried out but no complete
 *                    answer came (reset, time-out, body too large)
 *     "url"          (FAIL_INPUT) refused before a byte was sent
 * and a text for a person that names the host and, for time-outs, the limit.
 * Without ca_file and ca_directory the system's hashed folder alone is used
 * first (loading the bundle costs three times the exchange), and, when the
 * issuer is unknown there, once more with the bundle.
 */
int http_send(const struct http_options *options,
              const struct http_request *request,
              struct http_response *response, struct error *err);

void http_response_release(struct http_response *response);

/* Open what libcurl needs. 0 or -1. http_send() does it at its first call, so
 * main() only needs http_stop(). */
int http_start(struct error *err);
void http_stop(void);

#endif
