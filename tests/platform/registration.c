#include "tests/platform/registration.h"

#include "tests/platform/client.h"
#include "tests/platform/config.h"
#include "tests/platform/value.h"

#define NAME_MAX 256

/* The first member of platform that is no text, or NULL. */
static const char *
wrong_member(struct json_object *platform)
{
    static const char *const names[] = {"machine", "os_name", "processor",
                                        "release", "system",  "version"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct json_object *value;
        if (json_object_object_get_ex(platform, names[i], &value) &&
            !json_object_is_type(value, json_type_string))
            return names[i];
    }
    return NULL;
}

/* Checks the body; false, and answered, when something is wrong. */
static bool
check(struct json_object *in, struct reply *reply)
{
    struct json_object *platform;
    const char *name = value_get_text(in, "client_name");
    const char *wrong;

    if (!name) {
        reply_invalid(reply, "body", "client_name",
                      "Input should be a valid string", "string_type");
        return false;
    }
    if (!*name || json_object_get_string_len(
                      json_object_object_get(in, "client_name")) > NAME_MAX) {
        reply_invalid(reply, "body", "client_name",
                      "String should have 1 to 256 characters",
                      "string_length");
        return false;
    }
    if (!json_object_object_get_ex(in, "platform", &platform))
        return true;
    if (!json_object_is_type(platform, json_type_object)) {
        reply_invalid(reply, "body", "platform",
                      "Input should be a valid dictionary", "dict_type");
        return false;
    }
    wrong = wrong_member(platform);
    if (wrong)
        reply_invalid(reply, "body", wrong, "Input should be a valid string",
                      "string_type");
    return !wrong;
}

void
registration_post(const struct request *request, struct reply *reply)
{
    struct json_object *in = NULL;
    struct json_object *out;

    if (request_has_type(request, "application/json"))
        in = value_parse(request->body, request->length);
    if (!in) {
        reply_invalid(reply, "body", NULL, "Input should be a valid object",
                      "json_invalid");
        return;
    }
    if (check(in, reply)) {
        out = json_object_new_object();
        value_add(out, "client_id",
                  value_text(client_new(value_get_text(in, "client_name"))));
        config_dress(out, "register");
        reply_json(reply, 200, out);
    }
    json_object_put(in);
}
