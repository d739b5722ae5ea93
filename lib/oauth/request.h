/*
 * request.h - one request to an authorization server, and what came of it.
 *
 * The parts that register.c, device.c, refresh.c and revoke.c share: send a
 * form or a JSON body, take the reply apart, tell an OAuth error (RFC 6749
 * section 5.2) from trouble.
 */
#ifndef PARALLEL_OAUTH_REQUEST_H
#define PARALLEL_OAUTH_REQUEST_H

#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/oauth/provider.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"

/* What an authorization server said. Results, not errors. */
enum oauth_result {
    OAUTH_FAILED = -1, /* no usable answer: err is filled */
    OAUTH_OK = 0,
    OAUTH_PENDING,        /* authorization_pending */
    OAUTH_SLOW_DOWN,      /* slow_down */
    OAUTH_DENIED,         /* access_denied */
    OAUTH_EXPIRED,        /* expired_token: the device code ran out */
    OAUTH_INVALID_GRANT,  /* invalid_grant */
    OAUTH_INVALID_CLIENT, /* invalid_client, unauthorized_client */
    OAUTH_REFUSED         /* any other OAuth error: err is filled too */
};

struct oauth_reply {
    int status;
    struct json *json;     /* the body when it is a JSON object, else NULL */
    char code[64];         /* the "error" member, cleaned, or "" */
    int64_t retry_after_s; /* -1 when not said */
    bool maybe_done;       /* OAUTH_FAILED, but the server may have carried
                              the request out (lost answer, a 2xx that could
                              not be understood, or a 5xx other than 501,
                              503 and 505: a gateway may have lost it) */
    bool timed_out;        /* OAUTH_FAILED at a time limit */
};

#define OAUTH_REPLY_INIT                                                      \
    {                                                                         \
        0, NULL, "", -1, false, false                                         \
    }

/*
 * POST body (content_type) to url with Accept: application/json.
 *
 * 2xx with a JSON object: OAUTH_OK. An OAuth error in a JSON body with a 4xx
 * (also a 5xx or 200 with an "error" string): the result that stands for it;
 * err then holds FAIL_AUTH, the error as its id (cleaned), and a text like
 * "localhost:1234 refused: access_denied (what the server says, cleaned)".
 * 429, 5xx and every body that is not an OAuth answer: OAUTH_FAILED with
 * FAIL_SERVICE, whose text names host, status and, for a non-JSON body, that
 * it is not JSON ("answered 200 with HTML, not JSON: is a proxy or a login
 * page in between?"); ids "network", "certificate", "lost" as in http.h,
 * "status" for other HTTP statuses, "reply" for bodies; 429 is "rate_limit".
 * reply is filled as far as there was one, also on failure.
 */
enum oauth_result oauth_post(const struct http_options *http, const char *url,
                             const char *content_type,
                             const struct secret *body,
                             struct oauth_reply *reply, struct error *err);

/* The same with a form, and by client_id as provider wants it to be shown:
 * the form is made with client_add(). provider NULL: by nobody. */
enum oauth_result oauth_post_form(const struct http_options *http,
                                  const struct provider *provider,
                                  const char *client_id, const char *url,
                                  const struct secret *form,
                                  struct oauth_reply *reply,
                                  struct error *err);

void oauth_reply_release(struct oauth_reply *reply);

#endif
