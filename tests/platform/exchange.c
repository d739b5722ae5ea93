#include "tests/platform/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/platform/basic.h"
#include "tests/platform/config.h"
#include "tests/platform/oauth.h"
#include "tests/platform/second.h"
#include "tests/platform/token.h"
#include "tests/platform/value.h"
#include "tests/platform/webcode.h"

static void
unauthorized(struct reply *reply, const char *why)
{
    oauth_error(reply, "invalid_client", why);
    reply_header(reply, "WWW-Authenticate", "Basic realm=\"second\"");
}

static bool
is_allowed(const char *method)
{
    const char *only = config_second_auth_method();

    return !only || strcmp(only, method) == 0;
}

static bool
is_client(const char *id, const char *secret)
{
    return strcmp(id, second_client_id()) == 0 &&
           strcmp(secret, second_client_secret()) == 0;
}

/* Whether "Basic …" is good, for the client_id of the body if there is one. */
static bool
check_basic(const char *header, const char *client_id)
{
    char *id = NULL;
    char *secret = NULL;
    bool good = is_allowed("client_secret_basic") &&
                basic_read(header + 6, &id, &secret) &&
                is_client(id, secret) &&
                (!client_id || strcmp(client_id, id) == 0);

    free(id);
    free(secret);
    return good;
}

/* Whether the client is who it says it is; answers if not. */
static bool
authenticate(const struct request *request, struct reply *reply)
{
    const char *header = request_header(request, "Authorization");
    const char *id = form_get(&request->form, "client_id");
    const char *secret = form_get(&request->form, "client_secret");
    bool good;

    if (header && secret) {
        oauth_error(reply, "invalid_request",
                    "The client authenticates in two ways");
        return false;
    }
    if (header)
        good =
            strncasecmp(header, "Basic ", 6) == 0 && check_basic(header, id);
    else
        good = id && secret && is_allowed("client_secret_post") &&
               is_client(id, secret);
    if (!good)
        unauthorized(reply, "The client is not known, or not by this secret");
    return good;
}

static void
answer(const struct issue *issue, struct reply *reply)
{
    struct json_object *out = json_object_new_object();

    value_add(out, "access_token", value_text(issue->access));
    value_add(out, "token_type", value_text("bearer"));
    value_add(out, "expires_in", value_left(issue->access_left));
    if (*issue->refresh)
        value_add(out, "refresh_token", value_text(issue->refresh));
    config_dress(out, "second-token");
    reply_json(reply, 200, out);
}

static void
web_code(const struct request *request, struct reply *reply)
{
    struct consent *consent =
        webcode_redeem(request, PORT_SECOND, second_client_id(), false, reply);
    struct issue issue;

    if (!consent)
        return;
    token_begin(PORT_SECOND, second_client_id(), second_user(), consent->scope,
                &issue);
    consent->family = issue.family->number;
    answer(&issue, reply);
}

static void
refresh(const struct request *request, struct reply *reply)
{
    /* A new token that is left out of the reply would be lost. */
    bool rotate =
        config()->rotate && !config_omits("second-token", "refresh_token");
    const char *value = oauth_field(request, "refresh_token", reply);
    enum token_refresh result;
    struct issue issue;

    if (!value)
        return;
    result =
        token_refresh(PORT_SECOND, value, second_client_id(), rotate, &issue);
    if (result == TOKEN_REFRESHED)
        answer(&issue, reply);
    else
        oauth_error(reply, "invalid_grant", token_refresh_words(result));
}

void
exchange_post(const struct request *request, struct reply *reply)
{
    static const struct oauth_grant grants[] = {
        {"authorization_code", web_code},
        {"refresh_token", refresh},
        {NULL, NULL},
    };

    if (oauth_has_form(request, reply) && authenticate(request, reply))
        oauth_grant(request, grants, reply);
}
