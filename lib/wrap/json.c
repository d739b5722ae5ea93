#include "lib/wrap/json.h"

#include <json.h>
#include <limits.h>
#include <printbuf.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/wrap/json_text.h"

#define JSON_DEPTH_MAX 32

/* The two faces of a value. Getters hand out const, json-c knows none. */
static struct json_object *
json_of(const struct json *json)
{
    return (struct json_object *)(uintptr_t)json;
}

static struct json *
json_as(struct json_object *object)
{
    return (struct json *)object;
}

/* Overwrite every string below value with zeros, where it lies. */
static void
json_wipe(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_string:
        secret_wipe((char *)(uintptr_t)json_object_get_string(value),
                    (size_t)json_object_get_string_len(value));
        break;
    case json_type_array:
        for (size_t i = 0; i < json_object_array_length(value); i++)
            json_wipe(json_object_array_get_idx(value, i));
        break;
    case json_type_object: {
        json_object_object_foreach(value, key, member)
        {
            (void)key;
            json_wipe(member);
        }
        break;
    }
    default:
        break;
    }
}

void
json_free(struct json *json)
{
    json_wipe(json_of(json));
    json_object_put(json_of(json));
}

/*
 * A tokener whose text buffer is large enough from the start: when it grows
 * on the way, json-c leaves the strings it held in freed memory.
 */
static struct json_tokener *
json_tokener_open(size_t len)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);

    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    if (printbuf_memset(tokener->pb, 0, 0, (int)len + 16) < 0) {
        json_tokener_free(tokener);
        return NULL;
    }
    printbuf_reset(tokener->pb);
    return tokener;
}

/* Wipes what the tokener still holds: its buffer and, after a failure, the
 * values it had not finished. */
static void
json_tokener_close(struct json_tokener *tokener)
{
    for (int i = 0; i <= tokener->depth && i < JSON_DEPTH_MAX; i++)
        json_wipe(tokener->stack[i].current);
    secret_wipe(tokener->pb->buf, (size_t)tokener->pb->size);
    json_tokener_free(tokener);
}

static struct json_object *
json_tokenize(const char *text, size_t len, size_t *stopped)
{
    struct json_tokener *tokener = json_tokener_open(len);
    struct json_object *value;

    *stopped = 0;
    if (!tokener)
        return NULL;
    value = json_tokener_parse_ex(tokener, text, (int)len);
    *stopped = json_tokener_get_parse_end(tokener);
    json_tokener_close(tokener);
    return value;
}

int
json_parse(const char *text, size_t len, struct json **out, struct error *err)
{
    cleanup_json struct json *value = NULL;
    size_t stopped = text_utf8_span(text, len);

    if (len > INT_MAX - 64)
        return error_set(err, FAIL_SERVICE, "json", "too long to be JSON");
    if (stopped < len)
        return error_set(err, FAIL_SERVICE, "json",
                         "not JSON: not UTF-8 (byte %zu)", stopped + 1);
    if (json_text_has_nul(text, len))
        return error_set(err, FAIL_SERVICE, "json",
                         "not usable: a NUL is in it");
    len = json_text_trim(text, len);
    value = json_as(json_tokenize(text, len, &stopped));
    if (!value && len == 4 && memcmp(text, "null", 4) == 0)
        return error_set(err, FAIL_SERVICE, "json", "JSON, but not an object");
    if (!value || stopped < len)
        return error_set(err, FAIL_SERVICE, "json", "not JSON (byte %zu)",
                         stopped + 1);
    if (!json_object_is_type(json_of(value), json_type_object))
        return error_set(err, FAIL_SERVICE, "json", "JSON, but not an object");
    *out = steal_pointer(&value);
    return 0;
}

/* The member key when it is there and of that type, else NULL. */
static struct json_object *
json_member(const struct json *object, const char *key, json_type type)
{
    struct json_object *member = NULL;

    if (!json_object_is_type(json_of(object), json_type_object) ||
        !json_object_object_get_ex(json_of(object), key, &member) ||
        !json_object_is_type(member, type))
        return NULL;
    return member;
}

const char *
json_text(const struct json *object, const char *key)
{
    struct json_object *member = json_member(object, key, json_type_string);

    return member ? json_object_get_string(member) : NULL;
}

const struct json *
json_object_at(const struct json *object, const char *key)
{
    return json_as(json_member(object, key, json_type_object));
}

const struct json *
json_array_at(const struct json *object, const char *key)
{
    return json_as(json_member(object, key, json_type_array));
}

bool
json_number(const struct json *object, const char *key, int64_t *number)
{
    struct json_object *member = NULL;

    if (json_object_is_type(json_of(object), json_type_object))
        json_object_object_get_ex(json_of(object), key, &member);
    switch (json_object_get_type(member)) {
    case json_type_int:
        *number = json_number_limit(json_object_get_int64(member));
        return true;
    case json_type_double:
        return json_number_from_double(json_object_get_double(member), number);
    case json_type_string:
        return json_number_from_text(json_object_get_string(member), number);
    default:
        return false;
    }
}

bool
json_true(const struct json *object, const char *key)
{
    struct json_object *member = json_member(object, key, json_type_boolean);

    return member && json_object_get_boolean(member);
}

bool
json_has(const struct json *object, const char *key)
{
    struct json_object *member = NULL;

    return json_object_is_type(json_of(object), json_type_object) &&
           json_object_object_get_ex(json_of(object), key, &member) &&
           member != NULL;
}

size_t
json_size(const struct json *array)
{
    return json_object_is_type(json_of(array), json_type_array)
               ? json_object_array_length(json_of(array))
               : 0;
}

static struct json_object *
json_element_of(const struct json *array, size_t i, json_type type)
{
    struct json_object *element = NULL;

    if (i < json_size(array))
        element = json_object_array_get_idx(json_of(array), i);
    return json_object_is_type(element, type) ? element : NULL;
}

const struct json *
json_element(const struct json *array, size_t i)
{
    return json_as(json_element_of(array, i, json_type_object));
}

const char *
json_element_text(const struct json *array, size_t i)
{
    struct json_object *element = json_element_of(array, i, json_type_string);

    return element ? json_object_get_string(element) : NULL;
}

const char *
json_next_key(const struct json *object, size_t *at)
{
    size_t i = 0;

    if (!json_object_is_type(json_of(object), json_type_object))
        return NULL;
    json_object_object_foreach(json_of(object), key, member)
    {
        (void)member;
        if (i++ == *at) {
            ++*at;
            return key;
        }
    }
    return NULL;
}

struct json *
json_new_object(void)
{
    return json_as(json_object_new_object());
}

/*
 * Something could not be added to container. Remembered in its user data,
 * which takes no memory, and told by json_write().
 */
static void
json_break(struct json_object *container)
{
    static char broken;

    if (container)
        json_object_set_userdata(container, &broken, NULL);
}

/* Takes value over. NULL is JSON's null only when null is meant. */
static struct json_object *
json_put(struct json *object, const char *key, struct json_object *value,
         bool null)
{
    struct json_object *parent = json_of(object), *old = NULL;

    if (!json_object_is_type(parent, json_type_object) || (!value && !null)) {
        json_break(parent);
        json_object_put(value);
        return NULL;
    }
    if (json_object_object_get_ex(parent, key, &old))
        json_wipe(old);
    if (json_object_object_add(parent, key, value) < 0) {
        json_break(parent);
        json_wipe(value);
        json_object_put(value);
        return NULL;
    }
    return value;
}

static struct json_object *
json_append(struct json *array, struct json_object *value, bool null)
{
    struct json_object *parent = json_of(array);

    if (!json_object_is_type(parent, json_type_array) || (!value && !null) ||
        json_object_array_add(parent, value) < 0) {
        json_break(parent);
        json_wipe(value);
        json_object_put(value);
        return NULL;
    }
    return value;
}

static struct json_object *
json_new_text(const char *text)
{
    size_t len = strlen(text);
    struct json_object *value;
    char *clean;

    if (len > INT_MAX - 1)
        return NULL;
    if (text_utf8_span(text, len) == len)
        return json_object_new_string_len(text, (int)len);
    clean = malloc(len + 1);
    if (!clean)
        return NULL;
    text_clean(clean, len + 1, text, len);
    value = json_object_new_string(clean);
    secret_wipe(clean, len);
    free(clean);
    return value;
}

void
json_put_text(struct json *object, const char *key, const char *text)
{
    json_put(object, key, text ? json_new_text(text) : NULL, !text);
}

void
json_put_number(struct json *object, const char *key, int64_t number)
{
    json_put(object, key, json_object_new_int64(number), false);
}

void
json_put_bool(struct json *object, const char *key, bool value)
{
    json_put(object, key, json_object_new_boolean(value), false);
}

void
json_put_null(struct json *object, const char *key)
{
    json_put(object, key, NULL, true);
}

struct json *
json_put_object(struct json *object, const char *key)
{
    return json_as(json_put(object, key, json_object_new_object(), false));
}

struct json *
json_edit_object(struct json *object, const char *key)
{
    if (!json_has(object, key))
        return json_put_object(object, key);
    return json_as(json_member(object, key, json_type_object));
}

struct json *
json_put_array(struct json *object, const char *key)
{
    return json_as(json_put(object, key, json_object_new_array(), false));
}

void
json_append_text(struct json *array, const char *text)
{
    json_append(array, text ? json_new_text(text) : NULL, !text);
}

struct json *
json_append_object(struct json *array)
{
    return json_as(json_append(array, json_object_new_object(), false));
}

/*
 * Writing is done here and not by json-c, whose buffer leaves everything it
 * held in freed memory as it grows.
 */
struct json_writer {
    struct secret text;
    bool pretty;
};

static int json_write_value(struct json_writer *w, struct json_object *value,
                            int level);

static int
json_write_newline(struct json_writer *w, int level)
{
    if (!w->pretty)
        return 0;
    if (secret_append(&w->text, "\n", 1) < 0)
        return -1;
    while (level-- > 0)
        if (secret_append(&w->text, "  ", 2) < 0)
            return -1;
    return 0;
}

/* What stands before an element: a comma but for the first, a new line. */
static int
json_write_gap(struct json_writer *w, bool first, int level)
{
    if (!first && secret_append(&w->text, ",", 1) < 0)
        return -1;
    return json_write_newline(w, level);
}

static int
json_write_object(struct json_writer *w, struct json_object *object, int level)
{
    bool first = true;

    if (secret_append(&w->text, "{", 1) < 0)
        return -1;
    json_object_object_foreach(object, key, member)
    {
        if (json_write_gap(w, first, level + 1) < 0 ||
            json_text_put(&w->text, key, strlen(key)) < 0 ||
            secret_append_text(&w->text, w->pretty ? ": " : ":") < 0 ||
            json_write_value(w, member, level + 1) < 0)
            return -1;
        first = false;
    }
    if (!first && json_write_newline(w, level) < 0)
        return -1;
    return secret_append(&w->text, "}", 1);
}

static int
json_write_array(struct json_writer *w, struct json_object *array, int level)
{
    size_t size = json_object_array_length(array);

    if (secret_append(&w->text, "[", 1) < 0)
        return -1;
    for (size_t i = 0; i < size; i++)
        if (json_write_gap(w, i == 0, level + 1) < 0 ||
            json_write_value(w, json_object_array_get_idx(array, i),
                             level + 1) < 0)
            return -1;
    if (size > 0 && json_write_newline(w, level) < 0)
        return -1;
    return secret_append(&w->text, "]", 1);
}

static int
json_write_value(struct json_writer *w, struct json_object *value, int level)
{
    const char *scalar;

    switch (json_object_get_type(value)) {
    case json_type_object:
        return json_object_get_userdata(value)
                   ? -1
                   : json_write_object(w, value, level);
    case json_type_array:
        return json_object_get_userdata(value)
                   ? -1
                   : json_write_array(w, value, level);
    case json_type_string:
        return json_text_put(&w->text, json_object_get_string(value),
                             (size_t)json_object_get_string_len(value));
    default:
        scalar = value ? json_object_to_json_string(value) : "null";
        return scalar ? secret_append_text(&w->text, scalar) : -1;
    }
}

int
json_write(const struct json *json, bool pretty, struct secret *out)
{
    struct json_writer w = {SECRET_INIT, pretty};
    int result = -1;

    if (json && json_write_value(&w, json_of(json), 0) == 0 &&
        secret_append(&w.text, "\n", 1) == 0) {
        secret_move(out, &w.text);
        result = 0;
    }
    secret_release(&w.text);
    return result;
}
