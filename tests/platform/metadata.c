#include "tests/platform/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/config.h"
#include "tests/platform/grant.h"
#include "tests/platform/memory.h"
#include "tests/platform/scope.h"
#include "tests/platform/value.h"

static void
add_endpoint(struct json_object *out, const char *name, const char *base,
             const char *path)
{
    char *address = memory_format("%s/getKeys/%s", base, path);

    value_add(out, name, value_text(address));
    free(address);
}

/* Adds a list of one or two. */
static void
add_list(struct json_object *out, const char *name, const char *one,
         const char *other)
{
    struct json_object *list = json_object_new_array();

    json_object_array_add(list, value_text(one));
    if (other)
        json_object_array_add(list, value_text(other));
    value_add(out, name, list);
}

static void
add_junk(struct json_object *out, size_t length)
{
    char *junk = memory_new(length + 1);

    memset(junk, 'x', length);
    value_add(out, "junk", value_text(junk));
    free(junk);
}

void
metadata_get(const struct request *request, struct reply *reply)
{
    struct json_object *out = json_object_new_object();
    const char *base = request->base;

    value_add(out, "issuer", value_text(base));
    add_endpoint(out, "authorization_endpoint", base, "authorize");
    add_endpoint(out, "token_endpoint", base, "token");
    add_endpoint(out, "registration_endpoint", base, "register");
    add_endpoint(out, "device_authorization_endpoint", base, "device/code");
    add_list(out, "token_endpoint_auth_methods_supported", "none", NULL);
    add_list(out, "response_types_supported", "code", NULL);
    add_list(out, "grant_types_supported", "authorization_code",
             GRANT_DEVICE_CODE);
    add_list(out, "scopes_supported", SCOPE_KEY, NULL);
    add_list(out, "code_challenge_methods_supported", "S256", NULL);
    if (config()->metadata_junk > 0)
        add_junk(out, (size_t)config()->metadata_junk);
    config_dress(out, "metadata");
    reply_json(reply, 200, out);
}
