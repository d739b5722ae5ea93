#include "tests/platform/keygrant.h"

#include <string.h>

#include "tests/platform/application.h"
#include "tests/platform/code.h"
#include "tests/platform/config.h"
#include "tests/platform/grant.h"
#include "tests/platform/oauth.h"
#include "tests/platform/pick.h"
#include "tests/platform/scope.h"
#include "tests/platform/value.h"
#include "tests/platform/webcode.h"

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
    const struct key *key;
    struct consent *consent;

    if (!oauth_application(request, &client_id, reply))
        return;
    consent = webcode_redeem(request, PORT_PLATFORM, client_id, true, reply);
    key = consent ? hand_out(&consent->pick, client_id, reply) : NULL;
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
    static const struct oauth_grant grants[] = {
        {"authorization_code", web_code},
        {GRANT_DEVICE_CODE, device_code},
        {NULL, NULL},
    };

    if (oauth_has_form(request, reply))
        oauth_grant(request, grants, reply);
}
