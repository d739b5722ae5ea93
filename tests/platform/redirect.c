#include "tests/platform/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/config.h"
#include "tests/platform/memory.h"
#include "tests/platform/uri.h"
#include "tests/platform/value.h"

static struct json_object *
parameters_of(const struct redirect_answer *answer)
{
    struct json_object *out = json_object_new_object();

    value_add(out, answer->name, value_text(answer->value));
    if (answer->state)
        value_add(out, "state", value_text(answer->state));
    if (answer->issuer)
        value_add(out, "iss", value_text(answer->issuer));
    return out;
}

static void
write_one(FILE *out, char *separator, const char *name,
          struct json_object *value)
{
    fprintf(out, "%c%s=", *separator, name);
    if (value)
        uri_encode(out, json_object_get_string(value));
    *separator = '&';
}

char *
redirect_address(const char *redirect_uri, const char *kind,
                 const struct redirect_answer *answer)
{
    struct json_object *parameters = parameters_of(answer);
    char *address = NULL;
    size_t length;
    FILE *out = open_memstream(&address, &length);
    char separator = strchr(redirect_uri, '?') ? '&' : '?';

    if (!out)
        abort();
    config_dress(parameters, kind);
    fputs(redirect_uri, out);
    json_object_object_foreach(parameters, name, value)
    {
        if (!json_object_is_type(value, json_type_array)) {
            write_one(out, &separator, name, value);
            continue;
        }
        for (size_t i = 0; i < json_object_array_length(value); i++)
            write_one(out, &separator, name,
                      json_object_array_get_idx(value, i));
    }
    json_object_put(parameters);
    if (fclose(out) != 0)
        abort();
    return address;
}

void
redirect_send(struct reply *reply, char *address)
{
    reply_bytes(reply, 303, "text/plain", memory_copy(""), 0);
    reply_header(reply, "Location", address);
    reply_header(reply, "Referrer-Policy", "no-referrer");
    free(address);
}
