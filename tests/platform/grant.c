#include "tests/platform/grant.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/code.h"
#include "tests/platform/config.h"
#include "tests/platform/oauth.h"
#include "tests/platform/org.h"
#include "tests/platform/token.h"
#include "tests/platform/value.h"

/*
 * A lifetime as it was configured, unless the tokens end sooner because the
 * authorization does.
 */
static struct json_object *
lifetime(double configured, double left)
{
    return left < configured - 0.5 || left <= 0 ? value_left(left)
                                                : value_number(configured);
}

static void
answer(const struct issue *issue, struct reply *reply)
{
    struct json_object *out = json_object_new_object();
    const struct family *family = issue->family;
    const struct org *org = org_find(family->org_id);
    const struct config *now = config();

    value_add(out, "access_token", value_text(issue->access));
    if (*issue->refresh)
        value_add(out, "refresh_token", value_text(issue->refresh));
    value_add(out, "token_type", value_text("Bearer"));
    value_add(out, "expires_in",
              lifetime(now->access_lifetime, issue->access_left));
    value_add(out, "refresh_token_expires_in",
              lifetime(now->refresh_lifetime, issue->refresh_left));
    value_add(
        out, "authorization_expires_in",
        lifetime(now->authorization_lifetime, issue->authorization_left));
    value_add(out, "org_id", value_text(family->org_id));
    value_add(out, "org_name", value_text(org ? org->name : NULL));
    value_add(out, "scope", value_text(family->scope));
    config_dress(out, "token");
    reply_json(reply, 200, out);
}

static void
redeem(const struct code *code, struct reply *reply)
{
    struct issue issue;

    org_cli_app(org_ensure(code->org_id, NULL));
    token_begin(PORT_PLATFORM, code->client_id, code->org_id, code->scope,
                &issue);
    answer(&issue, reply);
}

bool
grant_poll(struct code *code, const char *client_id, struct reply *reply)
{
    if (!code || strcmp(code->client_id, client_id) != 0) {
        oauth_error(reply, "invalid_grant", "Unknown device_code");
        return false;
    }
    switch (code_poll(code)) {
    case CODE_POLL_GRANTED:
        return true;
    case CODE_POLL_PENDING:
        oauth_error(reply, "authorization_pending",
                    "The person has not decided yet");
        break;
    case CODE_POLL_SLOW_DOWN:
        oauth_error(reply, "slow_down", "Polled sooner than the interval");
        break;
    case CODE_POLL_DENIED:
        oauth_error(reply, "access_denied", "The person refused");
        break;
    case CODE_POLL_EXPIRED:
        oauth_error(reply, "expired_token", "The device_code has expired");
        break;
    case CODE_POLL_INVALID:
        oauth_error(reply, "invalid_grant", "The device_code has been used");
        break;
    }
    return false;
}

static void
device_code(const struct request *request, struct reply *reply)
{
    const char *client_id;
    const char *value;
    struct code *code;

    if (!oauth_client(request, true, &client_id, reply))
        return;
    value = oauth_field(request, "device_code", reply);
    if (!value)
        return;
    code = code_by_device_code(value);
    if (grant_poll(code, client_id, reply))
        redeem(code, reply);
}

static void
refresh(const struct request *request, struct reply *reply)
{
    /* A new token that is left out of the reply would be lost. */
    bool rotate = config()->rotate && !config_omits("token", "refresh_token");
    enum token_refresh result;
    struct issue issue;
    const char *client_id;
    const char *value;

    if (!oauth_client(request, false, &client_id, reply))
        return;
    value = oauth_field(request, "refresh_token", reply);
    if (!value)
        return;
    result = token_refresh(PORT_PLATFORM, value, client_id, rotate, &issue);
    if (result == TOKEN_REFRESHED)
        answer(&issue, reply);
    else
        oauth_error(reply, "invalid_grant", token_refresh_words(result));
}

void
grant_post(const struct request *request, struct reply *reply)
{
    static const struct oauth_grant grants[] = {
        {GRANT_DEVICE_CODE, device_code},
        {"refresh_token", refresh},
        {NULL, NULL},
    };

    if (oauth_has_form(request, reply))
        oauth_grant(request, grants, reply);
}
