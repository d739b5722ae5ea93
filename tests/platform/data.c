#include "tests/platform/data.h"

#include "tests/platform/key.h"
#include "tests/platform/secret.h"
#include "tests/platform/value.h"

static void
refuse(const char *message, struct reply *reply)
{
    struct json_object *out = json_object_new_object();
    struct json_object *error = json_object_new_object();
    char id[UUID_LENGTH];

    secret_uuid(id);
    value_add(error, "ref_id", value_text(id));
    value_add(error, "message", value_text(message));
    value_add(error, "detail", NULL);
    value_add(out, "type", value_text("error"));
    value_add(out, "error", error);
    reply_json(reply, 401, out);
}

void
data_any(const struct request *request, struct reply *reply)
{
    const char *raw = request_header(request, "x-api-key");
    const struct key *key;
    struct json_object *out;

    if (!raw)
        raw = request_bearer(request);
    if (!raw) {
        refuse("Unauthorized: no API key was sent", reply);
        return;
    }
    key = key_check(raw);
    if (!key) {
        refuse("Unauthorized: the API key is not valid", reply);
        return;
    }
    out = json_object_new_object();
    value_add(out, "method", value_text(request->method));
    value_add(out, "path", value_text(request->path));
    value_add(out, "org_id", value_text(key->org_id));
    value_add(out, "api_key_id", value_text(key->id));
    reply_json(reply, 200, out);
}
