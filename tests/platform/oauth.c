#include "tests/platform/oauth.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/application.h"
#include "tests/platform/client.h"
#include "tests/platform/memory.h"
#include "tests/platform/value.h"

void
oauth_error(struct reply *reply, const char *error, const char *description)
{
    struct json_object *object = json_object_new_object();
    unsigned status = strcmp(error, "invalid_client") == 0 ? 401 : 400;

    value_add(object, "error", value_text(error));
    if (description)
        value_add(object, "error_description", value_text(description));
    reply_json(reply, status, object);
}

void
oauth_unknown_client(struct reply *reply)
{
    oauth_error(reply, "invalid_client", "Unknown client_id");
}

bool
oauth_has_form(const struct request *request, struct reply *reply)
{
    if (!request->has_form) {
        oauth_error(reply, "invalid_request",
                    "The body must be application/x-www-form-urlencoded");
        return false;
    }
    if (request->form_wrong) {
        oauth_error(reply, "invalid_request", request->form_wrong);
        return false;
    }
    return true;
}

const char *
oauth_field(const struct request *request, const char *name,
            struct reply *reply)
{
    const char *value = form_get(&request->form, name);
    char *text;

    if (value && *value)
        return value;
    text = memory_format("Missing parameter: %s", name);
    oauth_error(reply, "invalid_request", text);
    free(text);
    return NULL;
}

bool
oauth_client(const struct request *request, bool needed, const char **out,
             struct reply *reply)
{
    *out = form_get(&request->form, "client_id");
    if (!*out && !needed)
        return true;
    *out = oauth_field(request, "client_id", reply);
    if (!*out)
        return false;
    if (client_is_known(*out))
        return true;
    oauth_unknown_client(reply);
    return false;
}

bool
oauth_application(const struct request *request, const char **out,
                  struct reply *reply)
{
    *out = oauth_field(request, "client_id", reply);
    if (!*out)
        return false;
    if (application_is_known(*out))
        return true;
    oauth_unknown_client(reply);
    return false;
}

void
oauth_grant(const struct request *request, const struct oauth_grant *grants,
            struct reply *reply)
{
    const char *type = oauth_field(request, "grant_type", reply);

    if (!type)
        return;
    for (; grants->type; grants++) {
        if (strcmp(type, grants->type) == 0) {
            grants->answer(request, reply);
            return;
        }
    }
    oauth_error(reply, "unsupported_grant_type", NULL);
}
