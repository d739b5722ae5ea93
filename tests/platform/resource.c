#include "tests/platform/resource.h"

#include "tests/platform/oauth.h"
#include "tests/platform/token.h"
#include "tests/platform/value.h"

void
resource_any(const struct request *request, struct reply *reply)
{
    const char *token = request_bearer(request);
    const struct family *family =
        token ? token_check_access(PORT_SECOND, token) : NULL;
    struct json_object *out;

    if (!family) {
        oauth_error(reply, token ? "invalid_token" : "unauthorized", NULL);
        reply->status = 401;
        reply_header(reply, "WWW-Authenticate",
                     token ? "Bearer realm=\"second\", error=\"invalid_token\""
                           : "Bearer realm=\"second\"");
        return;
    }
    out = json_object_new_object();
    value_add(out, "method", value_text(request->method));
    value_add(out, "path", value_text(request->path));
    value_add(out, "user", value_text(family->org_id));
    value_add(out, "scope", value_text(family->scope));
    reply_json(reply, 200, out);
}
