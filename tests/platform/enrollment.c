#include "tests/platform/enrollment.h"

#include "tests/platform/application.h"
#include "tests/platform/config.h"
#include "tests/platform/oauth.h"
#include "tests/platform/uri.h"
#include "tests/platform/value.h"

/* At https anywhere, or at http of this computer. */
static bool
is_good_address(struct json_object *value)
{
    struct uri uri;

    if (!json_object_is_type(value, json_type_string) ||
        !uri_read(&uri, json_object_get_string(value)))
        return false;
    return uri_is_loopback(&uri) || uri.scheme[4] == 's';
}

/* The good list of addresses of the body, or NULL. */
static struct json_object *
addresses(struct json_object *in)
{
    struct json_object *list = NULL;

    if (!json_object_object_get_ex(in, "redirect_uris", &list) ||
        !json_object_is_type(list, json_type_array) ||
        json_object_array_length(list) == 0)
        return NULL;
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (!is_good_address(json_object_array_get_idx(list, i)))
            return NULL;
    return list;
}

void
enrollment_post(const struct request *request, struct reply *reply)
{
    struct json_object *in = NULL;
    struct json_object *list;
    struct json_object *out;

    if (request_has_type(request, "application/json"))
        in = value_parse(request->body, request->length);
    list = in ? addresses(in) : NULL;
    if (list) {
        out = json_object_new_object();
        value_add(out, "client_id", value_text(application_new(list)));
        config_dress(out, "keys-register");
        reply_json(reply, 200, out);
    } else if (in) {
        oauth_error(reply, "invalid_redirect_uri",
                    "redirect_uris must be addresses at https, or at http of "
                    "127.0.0.1 or [::1]");
    } else {
        oauth_error(reply, "invalid_client_metadata",
                    "The body must be a JSON object");
    }
    json_object_put(in);
}
