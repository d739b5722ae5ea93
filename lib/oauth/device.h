/*
 * device.h - the device authorization grant (RFC 8628).
 *
 * Two single requests; when to ask again (every interval_ms, until ends_boot)
 * is the business of the caller.
 */
#ifndef PARALLEL_OAUTH_DEVICE_H
#define PARALLEL_OAUTH_DEVICE_H

#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/oauth/provider.h"
#include "lib/oauth/request.h"
#include "lib/oauth/token.h"

struct device_code {
    struct secret code;     /* device_code */
    char *user_code;        /* what a person types: visible characters, at
                               most 64 bytes */
    char *verification_uri; /* https (or loopback), at most 1,024 bytes */
    char *verification_uri_complete; /* NULL when not sent or not safe */
    int64_t interval_ms;   /* between polls; 5 s when not said (3.2), at
                              least 100 ms, at most 5 min */
    int64_t expires_in_ms; /* 10 min when not said; at most a day */
    int64_t ends_boot;     /* on the boot clock, ms: expires_in after the
                              answer came */
};

#define DEVICE_CODE_INIT                                                      \
    {                                                                         \
        SECRET_INIT, NULL, NULL, NULL, 0, 0, 0                                \
    }

/*
 * Ask for a code (section 3.1) with client_id and scope (may be ""). 0, or
 * not OAUTH_OK with err; OAUTH_INVALID_CLIENT asks for a new registration. A
 * verification_uri that is neither https nor loopback is refused (FAIL_SERVICE
 * "reply"); an unsafe verification_uri_complete is only left out.
 */
enum oauth_result device_start(const struct http_options *http,
                               const struct provider *provider,
                               const char *client_id, const char *scope,
                               struct device_code *code, struct error *err);

/*
 * Ask once whether the person has decided (section 3.4). OAUTH_OK fills
 * token. OAUTH_SLOW_DOWN has already added 5 s to code->interval_ms for good
 * (section 3.5). OAUTH_FAILED: trouble; a connection time-out doubles
 * code->interval_ms (section 3.5), up to a minute; 429 with Retry-After
 * raises it at least to that; asking again is fine. maybe_done says as in
 * request.h.
 */
enum oauth_result device_poll(const struct http_options *http,
                              const struct provider *provider,
                              const char *client_id, struct device_code *code,
                              struct token *token, bool *maybe_done,
                              struct error *err);

/* Read the reply of device_start(). 0, or -1 with FAIL_SERVICE "reply" that
 * names the field and never its contents; code is then unchanged. */
int device_code_parse(struct device_code *code, const struct json *reply,
                      struct error *err);

void device_code_release(struct device_code *code);

#endif
