#include "tests/platform/device.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/code.h"
#include "tests/platform/config.h"
#include "tests/platform/memory.h"
#include "tests/platform/oauth.h"
#include "tests/platform/scope.h"
#include "tests/platform/value.h"

static void
answer(const struct request *request, const struct code *code,
       const char *device_code, struct reply *reply)
{
    struct json_object *out = json_object_new_object();
    char *page = memory_format("%s/device", request->base);
    char *complete = memory_format("%s?user_code=%s", page, code->user_code);

    value_add(out, "device_code", value_text(device_code));
    value_add(out, "user_code", value_text(code->user_code));
    value_add(out, "verification_uri", value_text(page));
    value_add(out, "verification_uri_complete", value_text(complete));
    value_add(out, "expires_in", value_number(config()->code_lifetime));
    value_add(out, "interval", value_number(code->interval));
    free(page);
    free(complete);
    config_dress(out, code->for_key ? "keys-code" : "device");
    reply_json(reply, 200, out);
}

void
device_post(const struct request *request, struct reply *reply)
{
    char device_code[SECRET_LENGTH];
    const char *client_id;
    const char *scope;

    if (!oauth_has_form(request, reply) ||
        !oauth_client(request, true, &client_id, reply))
        return;
    scope = form_get(&request->form, "scope");
    if (!scope || !*scope)
        scope = SCOPE_DEFAULT;
    if (!scope_is_valid(scope)) {
        oauth_error(reply, "invalid_scope", "Unknown scope");
        return;
    }
    answer(request, code_new(client_id, scope, false, device_code),
           device_code, reply);
}

void
device_post_for_key(const struct request *request, struct reply *reply)
{
    char device_code[SECRET_LENGTH];
    const char *client_id;
    const char *scope;

    if (!oauth_has_form(request, reply) ||
        !oauth_application(request, &client_id, reply))
        return;
    scope = form_get(&request->form, "scope");
    if (scope && *scope && strcmp(scope, SCOPE_KEY) != 0) {
        oauth_error(reply, "invalid_scope", "The scope is " SCOPE_KEY);
        return;
    }
    answer(request, code_new(client_id, SCOPE_KEY, true, device_code),
           device_code, reply);
}
