#include "tests/platform/config.h"

#include <stddef.h>
#include <string.h>

#include "tests/platform/memory.h"
#include "tests/platform/value.h"

#define DEFAULTS                                                              \
    {                                                                         \
        .access_lifetime = 600, .refresh_lifetime = 604800,                   \
        .authorization_lifetime = 7776000, .code_lifetime = 600,              \
        .consent_lifetime = 600, .web_code_lifetime = 60, .interval = 5,      \
        .approve_after = -1, .rotate = true,                                  \
    }

static struct config now = DEFAULTS;
static double first_approve_after = -1;
static struct json_object *omit;         /* array of strings, or NULL */
static struct json_object *override;     /* object, or NULL */
static struct json_object *redirect_uri; /* string, or NULL */
static struct json_object *auth_method;  /* string, or NULL */

static const struct {
    const char *name;
    size_t at;
    bool is_flag;
} keys[] = {
    {"access_lifetime", offsetof(struct config, access_lifetime), false},
    {"approve_after", offsetof(struct config, approve_after), false},
    {"authorization_lifetime", offsetof(struct config, authorization_lifetime),
     false},
    {"code_lifetime", offsetof(struct config, code_lifetime), false},
    {"consent_lifetime", offsetof(struct config, consent_lifetime), false},
    {"interval", offsetof(struct config, interval), false},
    {"metadata_junk", offsetof(struct config, metadata_junk), false},
    {"numbers_as_strings", offsetof(struct config, numbers_as_strings), true},
    {"refresh_lifetime", offsetof(struct config, refresh_lifetime), false},
    {"rotate", offsetof(struct config, rotate), true},
    {"web_code_lifetime", offsetof(struct config, web_code_lifetime), false},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

const struct config *
config(void)
{
    return &now;
}

const char *
config_second_redirect_uri(void)
{
    return json_object_get_string(redirect_uri);
}

const char *
config_second_auth_method(void)
{
    return json_object_get_string(auth_method);
}

void
config_set_approve_after(double seconds)
{
    first_approve_after = seconds;
    now.approve_after = seconds;
}

/* Sets one plain key; false for a value of the wrong type. */
static bool
set(struct config *to, size_t key, struct json_object *value)
{
    char *field = (char *)to + keys[key].at;

    if (keys[key].is_flag) {
        if (!json_object_is_type(value, json_type_boolean))
            return false;
        *(bool *)(void *)field = json_object_get_boolean(value);
        return true;
    }
    if (!value && strcmp(keys[key].name, "approve_after") == 0) {
        to->approve_after = -1;
        return true;
    }
    if (!json_object_is_type(value, json_type_int) &&
        !json_object_is_type(value, json_type_double))
        return false;
    if (json_object_get_double(value) < 0)
        return false;
    *(double *)(void *)field = json_object_get_double(value);
    return true;
}

static bool
is_name_list(struct json_object *value)
{
    if (!value)
        return true;
    if (!json_object_is_type(value, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(value); i++)
        if (!json_object_is_type(json_object_array_get_idx(value, i),
                                 json_type_string))
            return false;
    return true;
}

/* One member of the body; false when it is wrong. */
static bool
change(struct config *next, const char *name, struct json_object *value)
{
    if (strcmp(name, "omit") == 0)
        return is_name_list(value);
    if (strcmp(name, "override") == 0)
        return !value || json_object_is_type(value, json_type_object);
    if (strcmp(name, "second_redirect_uri") == 0 ||
        strcmp(name, "second_auth_method") == 0)
        return !value || json_object_is_type(value, json_type_string);
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(name, keys[i].name) == 0)
            return set(next, i, value);
    return false;
}

static void
keep(struct json_object **at, struct json_object *in, const char *name)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(in, name, &value))
        return;
    json_object_put(*at);
    *at = json_object_get(value);
}

char *
config_change(struct json_object *in)
{
    struct config next = now;

    json_object_object_foreach(in, name, value)
    {
        if (!change(&next, name, value))
            return memory_format("unknown or bad configuration: %s", name);
    }
    now = next;
    keep(&omit, in, "omit");
    keep(&override, in, "override");
    keep(&redirect_uri, in, "second_redirect_uri");
    keep(&auth_method, in, "second_auth_method");
    return NULL;
}

/* Whether a name of `omit` or `override` means this field of this kind. */
static bool
means(const char *name, const char *kind, const char *field)
{
    const char *colon = strchr(name, ':');

    if (!colon)
        return strcmp(name, field) == 0 &&
               (strcmp(kind, "device") == 0 || strcmp(kind, "token") == 0);
    return strlen(kind) == (size_t)(colon - name) &&
           strncmp(name, kind, strlen(kind)) == 0 &&
           strcmp(colon + 1, field) == 0;
}

bool
config_omits(const char *kind, const char *field)
{
    size_t count = omit ? json_object_array_length(omit) : 0;

    for (size_t i = 0; i < count; i++) {
        struct json_object *name = json_object_array_get_idx(omit, i);
        if (means(json_object_get_string(name), kind, field))
            return true;
    }
    return false;
}

/* The value that `override` has for a field; false when it has none. */
static bool
overrides(const char *kind, const char *field, struct json_object **out)
{
    if (!override)
        return false;
    json_object_object_foreach(override, name, value)
    {
        if (means(name, kind, field)) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* Adds what `override` has for this kind by "kind:field" and it lacks. */
static void
add_more(struct json_object *reply, const char *kind)
{
    if (!override)
        return;
    json_object_object_foreach(override, name, value)
    {
        const char *colon = strchr(name, ':');
        if (colon && means(name, kind, colon + 1) &&
            !json_object_object_get_ex(reply, colon + 1, NULL))
            value_add(reply, colon + 1, json_object_get(value));
    }
}

void
config_dress(struct json_object *reply, const char *kind)
{
    bool plain = strcmp(kind, "device") == 0 || strcmp(kind, "token") == 0;
    struct json_object_iterator at = json_object_iter_begin(reply);
    struct json_object_iterator end = json_object_iter_end(reply);
    const char *gone[32];
    size_t count = 0;

    while (!json_object_iter_equal(&at, &end)) {
        const char *field = json_object_iter_peek_name(&at);
        struct json_object *value = json_object_iter_peek_value(&at);
        struct json_object *other = NULL;

        json_object_iter_next(&at);
        if (overrides(kind, field, &other))
            value_add(reply, field, json_object_get(other));
        else if (plain && now.numbers_as_strings &&
                 (json_object_is_type(value, json_type_int) ||
                  json_object_is_type(value, json_type_double)))
            value_add(reply, field, value_text(json_object_get_string(value)));
        if (count < 32 && config_omits(kind, field))
            gone[count++] = field;
    }
    while (count > 0)
        json_object_object_del(reply, gone[--count]);
    add_more(reply, kind);
}

struct json_object *
config_describe(void)
{
    struct json_object *out = json_object_new_object();

    for (size_t i = 0; i < KEYS; i++) {
        const char *field = (const char *)&now + keys[i].at;
        struct json_object *value;
        if (keys[i].is_flag)
            value = json_object_new_boolean(*(const bool *)field);
        else
            value = value_number(*(const double *)(const void *)field);
        value_add(out, keys[i].name, value);
    }
    if (now.approve_after < 0)
        value_add(out, "approve_after", NULL);
    value_add(out, "omit", json_object_get(omit));
    value_add(out, "override", json_object_get(override));
    value_add(out, "second_redirect_uri", json_object_get(redirect_uri));
    value_add(out, "second_auth_method", json_object_get(auth_method));
    return out;
}

void
config_reset(void)
{
    now = (struct config)DEFAULTS;
    now.approve_after = first_approve_after;
    json_object_put(omit);
    json_object_put(override);
    json_object_put(redirect_uri);
    json_object_put(auth_method);
    omit = NULL;
    override = NULL;
    redirect_uri = NULL;
    auth_method = NULL;
}
