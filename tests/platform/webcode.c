#include "tests/platform/webcode.h"

#include "tests/platform/oauth.h"

struct consent *
webcode_redeem(const struct request *request, enum port port,
               const char *client_id, bool proof, struct reply *reply)
{
    const char *code;
    const char *redirect_uri;
    const char *verifier = NULL;
    const char *wrong;
    struct consent *consent;

    if (!(code = oauth_field(request, "code", reply)) ||
        !(redirect_uri = oauth_field(request, "redirect_uri", reply)) ||
        (proof && !(verifier = oauth_field(request, "code_verifier", reply))))
        return NULL;
    consent = consent_by_code(port, code);
    wrong = consent
                ? consent_redeem(consent, client_id, redirect_uri, verifier)
                : "Unknown code";
    if (!wrong)
        return consent;
    oauth_error(reply, "invalid_grant", wrong);
    return NULL;
}
