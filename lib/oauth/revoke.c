#include "lib/oauth/revoke.h"

#include <stdbool.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/form.h"

enum oauth_result
revoke_refresh_token(const struct http_options *http,
                     const struct provider *provider, const char *client_id,
                     const struct secret *refresh_token, struct error *err)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;
    CLEANUP(oauth_reply_release) struct oauth_reply reply = OAUTH_REPLY_INIT;
    struct error own = ERROR_INIT;
    enum oauth_result result;

    (void)client_id; /* the provider's own revocation does not ask for it */
    if (provider->revocation == REVOCATION_NONE ||
        !provider->revocation_endpoint)
        return OAUTH_OK;
    if (form_add(&form, "refresh_token", secret_text(refresh_token)) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    result = oauth_post_form(http, provider->revocation_endpoint, &form,
                             &reply, &own);
    if (result == OAUTH_INVALID_GRANT ||
        (reply.status >= 200 && reply.status < 300))
        return OAUTH_OK;
    if (err)
        *err = own;
    return result;
}
