/*
 * An answer, put together under the lock and sent without it.
 *
 *     struct reply reply = {0};
 *     reply_json(&reply, 200, object);
 *     … reply_send(&reply, request); reply_release(&reply);
 */
#ifndef PLATFORM_REPLY_H
#define PLATFORM_REPLY_H

#include <json-c/json.h>
#include <microhttpd.h>
#include <stddef.h>

#include "tests/platform/request.h"

#define REPLY_HEADERS 10

struct reply {
    unsigned status;
    char *type;
    char *body; /* not ended by a NUL */
    size_t length;
    size_t headers;
    struct reply_header {
        const char *name;
        char *value;
    } header[REPLY_HEADERS];
};

/* Makes object, which now belongs to reply, a JSON answer not to be stored. */
void reply_json(struct reply *reply, unsigned status,
                struct json_object *object);

/* Any answer; body, from malloc, now belongs to reply. */
void reply_bytes(struct reply *reply, unsigned status, const char *type,
                 char *body, size_t length);

/* Adds a header; name must be a constant. */
void reply_header(struct reply *reply, const char *name, const char *value);

/* {"detail": text}, as the Account API words what is no validation error. */
void reply_detail(struct reply *reply, unsigned status, const char *text);

/*
 * 422 with {"detail": [{"loc": [part, field], "msg": message, "type": type}]};
 * without a field, loc has only the part.
 */
void reply_invalid(struct reply *reply, const char *part, const char *field,
                   const char *message, const char *type);

/* The library's response for reply, to be queued and destroyed; or NULL. */
struct MHD_Response *reply_response(const struct reply *reply);

/* Adds the headers of reply to another response. */
void reply_add_headers(const struct reply *reply,
                       struct MHD_Response *response);

/* Sends it. */
enum MHD_Result reply_send(const struct reply *reply,
                           const struct request *request);

void reply_release(struct reply *reply);

#endif
