#include "tests/platform/keygrant.h"

#include <string.h>

#include "tests/platform/application.h"
#include "tests/platform/code.h"
#include "tests/platform/config.h"
#include "tests/platform/consent.h"
#include "tests/platform/grant.h"
#include "tests/platform/oauth.h"
#include "tests/platform/pick.h"
#include "tests/platform/scope.h"
#include "tests/platform/value.h"

/* Hands out the key that was picked; NULL, and answered, when it is gone. */
static const struct key *
hand_out(const struct pick *pick, const char *client_id, struct reply *reply)
{
    const struct key *key = pick_take(pick, application_host(client_id));
    struct json_object *out;

    if (!key) {
        oauth_error(reply, "invalid_grant", "The API key was deleted");
        return NULL;
    }
    out = json_object_new_object();
    value_add(out, "access_token", value_text(key->raw));
    value_add(out, "token_type", value_text("Bearer"));
    value_add(out, "scope", value_text(SCOPE_KEY));
    config_dress(out, "keys-token");
    reply_json(reply, 200, out);
    return key;
}

static void
web_code(const struct request *request, struct reply *reply)
{
    const char *client_id;
    const char *code;
    const char *redirect_uri;
    const char *verifier;
    const char *wrong;
    const struct key *key;
    struct consent *consent;

    if (!oauth_application(request, &client_id, reply) ||
        !(code = oauth_field(request, "code", reply)) ||
        !(redirect_uri = oauth_field(request, "redirect_uri", reply)) ||
        !(verifier = oauth_field(request, "code_verifier", reply)))
        return;
    consent = consent_by_code(PORT_PLATFORM, code);
    wrong = consent
                ? consent_redeem(consent, client_id, redirect_uri, verifier)
                : "Unknown code";
    if (wrong) {
        oauth_error(reply, "invalid_grant", wrong);
        return;
    }
    key = hand_out(&consent->pick, client_id, reply);
    if (key)
        memcpy(consent->key_id, key->id, sizeof(consent->key_id));
}

static void
device_code(const struct request *request, struct reply *reply)
{
    const char *client_id;
    const char *value;
    struct code *code;

    if (!oauth_application(request, &client_id, reply))
        return;
    value = oauth_field(request, "device_code", reply);
    if (!value)
        return;
    code = code_by_device_code(value);
    if (grant_poll(code, client_id, reply))
        hand_out(&code->pick, client_id, reply);
}

void
keygrant_post(const struct request *request, struct reply *reply)
{
    const char *type;

    if (!oauth_has_form(request, reply))
        return;
    type = oauth_field(request, "grant_type", reply);
    if (!type)
        return;
    if (strcmp(type, "authorization_code") == 0)
        web_code(request, reply);
    else if (strcmp(type, GRANT_DEVICE_CODE) == 0)
        device_code(request, reply);
    else
        oauth_error(reply, "unsupported_grant_type", NULL);
}
