#include "lib/oauth/device.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"
#include "lib/oauth/client.h"
#include "lib/oauth/form.h"

#define DEVICE_INTERVAL_MS     5000
#define DEVICE_INTERVAL_MIN_MS 100
#define DEVICE_INTERVAL_MAX_MS (5 * 60 * 1000)
#define DEVICE_BACKOFF_MAX_MS  (60 * 1000)
#define DEVICE_SLOW_DOWN_MS    5000
#define DEVICE_LIFETIME_S      600
#define DEVICE_LIFETIME_MAX_S  (24 * 3600)
#define DEVICE_USER_CODE_MAX   64
#define DEVICE_ADDRESS_MAX     1024

void
device_code_release(struct device_code *code)
{
    if (!code)
        return;
    secret_release(&code->code);
    free(code->user_code);
    free(code->verification_uri);
    free(code->verification_uri_complete);
    *code = (struct device_code)DEVICE_CODE_INIT;
}

static int
device_refuse(const char *field, struct error *err)
{
    return error_set(err, FAIL_SERVICE, "reply",
                     "the authorization server sent no usable \"%s\"", field);
}

static bool
device_is_code(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return len > 0 && len <= TOKEN_TEXT_MAX;
}

/* Whether a person sees all of it; a blank in the middle is fine. */
static bool
device_is_user_code(const char *text)
{
    char shown[DEVICE_USER_CODE_MAX + 1];

    text_show(shown, sizeof shown, text);
    return text && text[strspn(text, " ")] && strcmp(shown, text) == 0;
}

static bool
device_is_address(const char *text)
{
    return text && strlen(text) <= DEVICE_ADDRESS_MAX &&
           url_require_safe(text, "", NULL) == 0;
}

static int64_t
device_interval(const struct json *reply)
{
    int64_t seconds, ms = DEVICE_INTERVAL_MS;

    if (json_number(reply, "interval", &seconds) && seconds >= 0)
        ms = seconds * 1000; /* json_number() has limited it */
    return ms < DEVICE_INTERVAL_MIN_MS   ? DEVICE_INTERVAL_MIN_MS
           : ms > DEVICE_INTERVAL_MAX_MS ? DEVICE_INTERVAL_MAX_MS
                                         : ms;
}

static int64_t
device_lifetime(const struct json *reply)
{
    int64_t seconds = DEVICE_LIFETIME_S;

    json_number(reply, "expires_in", &seconds);
    return seconds < 0                       ? 0
           : seconds > DEVICE_LIFETIME_MAX_S ? DEVICE_LIFETIME_MAX_S * 1000L
                                             : seconds * 1000;
}

int
device_code_parse(struct device_code *code, const struct json *reply,
                  struct error *err)
{
    CLEANUP(device_code_release)
    struct device_code fresh = DEVICE_CODE_INIT;
    const char *secret = json_text(reply, "device_code");
    const char *user_code = json_text(reply, "user_code");
    const char *address = json_text(reply, "verification_uri");
    const char *complete = json_text(reply, "verification_uri_complete");

    if (!device_is_code(secret))
        return device_refuse("device_code", err);
    if (!device_is_user_code(user_code))
        return device_refuse("user_code", err);
    if (!device_is_address(address))
        return device_refuse("verification_uri", err);
    fresh.user_code = strdup(user_code);
    fresh.verification_uri = strdup(address);
    if (device_is_address(complete))
        fresh.verification_uri_complete = strdup(complete);
    if (secret_set(&fresh.code, secret, strlen(secret)) < 0 ||
        !fresh.user_code || !fresh.verification_uri)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    fresh.interval_ms = device_interval(reply);
    fresh.expires_in_ms = device_lifetime(reply);
    fresh.ends_boot = clock_now().boot + fresh.expires_in_ms;
    device_code_release(code);
    *code = fresh;
    fresh = (struct device_code)DEVICE_CODE_INIT;
    return 0;
}

enum oauth_result
device_start(const struct http_options *http, const struct provider *provider,
             const char *client_id, const char *scope,
             struct device_code *code, struct error *err)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;
    CLEANUP(oauth_reply_release) struct oauth_reply reply = OAUTH_REPLY_INIT;
    enum oauth_result result;

    if (!provider->device_authorization_endpoint) {
        error_set(err, FAIL_INPUT, "config", "%s has no device authorization",
                  provider->name);
        return OAUTH_FAILED;
    }
    if (client_add(&form, provider, client_id) < 0 ||
        (*scope && form_add(&form, "scope", scope) < 0)) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    result = oauth_post_form(http, provider, client_id,
                             provider->device_authorization_endpoint, &form,
                             &reply, err);
    if (result == OAUTH_OK && device_code_parse(code, reply.json, err) < 0)
        return OAUTH_FAILED;
    return result;
}

/* RFC 8628 section 3.5: how trouble and "slow_down" change the pace. */
static void
device_change_pace(struct device_code *code, enum oauth_result result,
                   const struct oauth_reply *reply)
{
    int64_t ms = code->interval_ms;

    if (result == OAUTH_SLOW_DOWN)
        ms += DEVICE_SLOW_DOWN_MS;
    if (result == OAUTH_FAILED && reply->timed_out &&
        ms < DEVICE_BACKOFF_MAX_MS)
        ms = ms * 2 < DEVICE_BACKOFF_MAX_MS ? ms * 2 : DEVICE_BACKOFF_MAX_MS;
    if (reply->status == 429 && reply->retry_after_s > ms / 1000)
        ms = reply->retry_after_s * 1000;
    if (ms > DEVICE_INTERVAL_MAX_MS)
        ms = DEVICE_INTERVAL_MAX_MS;
    code->interval_ms = ms;
}

static int
device_poll_form(const struct provider *provider, const char *client_id,
                 const struct device_code *code, struct secret *form)
{
    if (form_add(form, "grant_type",
                 "urn:ietf:params:oauth:grant-type:device_code") < 0 ||
        client_add(form, provider, client_id) < 0)
        return -1;
    return form_add(form, "device_code", secret_text(&code->code));
}

enum oauth_result
device_poll(const struct http_options *http, const struct provider *provider,
            const char *client_id, struct device_code *code,
            struct token *token, bool *maybe_done, struct error *err)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;
    CLEANUP(oauth_reply_release) struct oauth_reply reply = OAUTH_REPLY_INIT;
    enum oauth_result result;

    *maybe_done = false;
    if (device_poll_form(provider, client_id, code, &form) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    result = oauth_post_form(http, provider, client_id,
                             provider->token_endpoint, &form, &reply, err);
    device_change_pace(code, result, &reply);
    if (result == OAUTH_OK && token_parse(token, reply.json, err) < 0) {
        reply.maybe_done = true;
        result = OAUTH_FAILED;
    }
    *maybe_done = reply.maybe_done;
    return result;
}
