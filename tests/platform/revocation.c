#include "tests/platform/revocation.h"

#include "tests/platform/oauth.h"
#include "tests/platform/token.h"

void
revocation_post(const struct request *request, struct reply *reply)
{
    const char *client_id;
    const char *token;

    if (!oauth_has_form(request, reply) ||
        !oauth_client(request, false, &client_id, reply))
        return;
    token = oauth_field(request, "refresh_token", reply);
    if (!token)
        return;
    if (token_revoke(token, client_id))
        reply_json(reply, 200, json_object_new_object());
    else
        oauth_error(reply, "invalid_grant",
                    "The refresh_token was issued to another client");
}
