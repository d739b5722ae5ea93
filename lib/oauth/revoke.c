#include "lib/oauth/revoke.h"

#include <stdbool.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/client.h"
#include "lib/oauth/form.h"

static int
revoke_form(const struct provider *provider, const char *client_id,
            const char *kind, const struct secret *token, struct secret *form)
{
    if (provider->revocation == REVOCATION_PARALLEL)
        return form_add(form, "refresh_token", secret_text(token));
    return form_add(form, "token", secret_text(token)) |
           form_add(form, "token_type_hint", kind) |
           client_add(form, provider, client_id);
}

static enum oauth_result
revoke_token(const struct http_options *http, const struct provider *provider,
             const char *client_id, const char *kind,
             const struct secret *token, struct error *err)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;
    CLEANUP(oauth_reply_release) struct oauth_reply reply = OAUTH_REPLY_INIT;
    struct error own = ERROR_INIT;
    enum oauth_result result;

    if (provider->revocation == REVOCATION_NONE ||
        !provider->revocation_endpoint)
        return OAUTH_OK;
    if (revoke_form(provider, client_id, kind, token, &form) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    /* Parallel's own revocation asks nobody who he is. */
    result = oauth_post_form(
        http, provider->revocation == REVOCATION_RFC7009 ? provider : NULL,
        client_id, provider->revocation_endpoint, &form, &reply, &own);
    if (result == OAUTH_INVALID_GRANT ||
        (reply.status >= 200 && reply.status < 300))
        return OAUTH_OK;
    if (err)
        *err = own;
    return result;
}

enum oauth_result
revoke_refresh_token(const struct http_options *http,
                     const struct provider *provider, const char *client_id,
                     const struct secret *refresh_token, struct error *err)
{
    return revoke_token(http, provider, client_id, "refresh_token",
                        refresh_token, err);
}

enum oauth_result
revoke_access_token(const struct http_options *http,
                    const struct provider *provider, const char *client_id,
                    const struct secret *access_token, struct error *err)
{
    return provider->revocation == REVOCATION_RFC7009
               ? revoke_token(http, provider, client_id, "access_token",
                              access_token, err)
               : OAUTH_OK;
}
