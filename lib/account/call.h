/*
 * call.h - one call of the Account API, and what came of it.
 *
 * The API takes an access token as a Bearer token (RFC 6750) and answers in
 * JSON; what does not fit a request is told as 422 with a list of details.
 */
#ifndef PARALLEL_ACCOUNT_CALL_H
#define PARALLEL_ACCOUNT_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"

/* Whom to call, and as whom; nothing is owned. */
struct account {
    const struct http_options *http;
    const char *service_url;
    const struct secret *bearer;
};

/* What the API said. Results, not errors. */
enum account_result {
    ACCOUNT_FAILED = -1, /* no usable answer: err */
    ACCOUNT_OK = 0,
    ACCOUNT_UNAUTHORIZED, /* 401: the token is no good; err */
    ACCOUNT_MISSING,      /* 404: there is no such thing; err */
    ACCOUNT_REFUSED       /* anything else it will not do; err */
};

struct account_reply {
    struct json *json; /* the body, or NULL */
    bool maybe_done;   /* ACCOUNT_FAILED, and it may have been carried out */
};

#define ACCOUNT_REPLY_INIT                                                    \
    {                                                                         \
        NULL, false                                                           \
    }

/*
 * method: "GET", "POST" or "DELETE"; path: behind the service's address, with
 * its slash; body: NULL or what is sent. A 2xx is ACCOUNT_OK; its body is a
 * JSON object unless the method is DELETE. err then tells host, status and
 * what the service says, cleaned; ids as in oauth/request.h, and
 * "insufficient_scope", "invalid_token", "not_found", "invalid".
 */
enum account_result account_call(const struct account *account,
                                 const char *method, const char *path,
                                 const struct json *body,
                                 struct account_reply *reply,
                                 struct error *err);

void account_reply_release(struct account_reply *reply);

/* Whether an id that the service sent may become a part of a path: letters,
 * digits and hyphens. */
bool account_is_id(const char *id);

/* Fill err about an answer that lacks what it should have. ACCOUNT_FAILED. */
enum account_result account_bad_reply(const struct account *account,
                                      const char *what, struct error *err);

#endif
