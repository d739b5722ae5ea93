#include "lib/oauth/refresh.h"

#include <stdbool.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/client.h"
#include "lib/oauth/form.h"

static int
refresh_form(const struct provider *provider, const char *client_id,
             const struct secret *refresh_token, struct secret *form)
{
    if (form_add(form, "grant_type", "refresh_token") < 0 ||
        form_add(form, "refresh_token", secret_text(refresh_token)) < 0)
        return -1;
    return client_add(form, provider, client_id);
}

/* What a refresh can come to; the words of the device grant mean nothing
 * here, but for "slow_down", which is no refusal. */
static enum oauth_result
refresh_judge(enum oauth_result result, struct error *err)
{
    switch (result) {
    case OAUTH_OK:
    case OAUTH_INVALID_GRANT:
    case OAUTH_INVALID_CLIENT:
    case OAUTH_FAILED:
        return result;
    case OAUTH_SLOW_DOWN:
        if (err)
            err->failure = FAIL_SERVICE;
        return OAUTH_FAILED;
    default:
        return OAUTH_REFUSED;
    }
}

enum oauth_result
refresh_exchange(const struct http_options *http,
                 const struct provider *provider, const char *client_id,
                 const struct secret *refresh_token, struct token *token,
                 struct refresh_trouble *trouble, struct error *err)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;
    CLEANUP(oauth_reply_release) struct oauth_reply reply = OAUTH_REPLY_INIT;
    enum oauth_result result;

    *trouble = (struct refresh_trouble){-1, false};
    if (refresh_form(provider, client_id, refresh_token, &form) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    result = refresh_judge(oauth_post_form(http, provider, client_id,
                                           provider->token_endpoint, &form,
                                           &reply, err),
                           err);
    if (result == OAUTH_OK && token_parse(token, reply.json, err) < 0) {
        reply.maybe_done = true;
        result = OAUTH_FAILED;
    }
    trouble->retry_after_s = reply.retry_after_s;
    trouble->maybe_spent = reply.maybe_done;
    return result;
}
