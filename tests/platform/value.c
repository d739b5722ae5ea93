#include "tests/platform/value.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct json_object *
value_parse(const char *bytes, size_t length)
{
    struct json_tokener *tokener;
    struct json_object *object = NULL;

    if (!bytes || length == 0 || length > INT_MAX)
        return NULL;
    tokener = json_tokener_new_ex(32);
    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener,
                           JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    object = json_tokener_parse_ex(tokener, bytes, (int)length);
    if (json_tokener_get_error(tokener) != json_tokener_success ||
        !json_object_is_type(object, json_type_object)) {
        json_object_put(object);
        object = NULL;
    }
    json_tokener_free(tokener);
    return object;
}

struct json_object *
value_text(const char *text)
{
    return text ? json_object_new_string(text) : NULL;
}

struct json_object *
value_number(double number)
{
    char text[40];

    if (fabs(number) < 1e15 && number == floor(number))
        return json_object_new_int64((int64_t)number);
    snprintf(text, sizeof(text), "%.15g", number);
    return json_object_new_double_s(number, text);
}

struct json_object *
value_left(double seconds)
{
    if (seconds <= 0)
        return value_number(0);
    if (seconds >= 10)
        return value_number(floor(seconds + 0.001));
    return value_number(round(seconds * 1000) / 1000);
}

void
value_add(struct json_object *object, const char *name,
          struct json_object *value)
{
    if (json_object_object_add(object, name, value) < 0)
        abort();
}

const char *
value_get_text(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

bool
value_get_number(struct json_object *object, const char *name, double *out)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, name, &value))
        return true;
    if (!json_object_is_type(value, json_type_int) &&
        !json_object_is_type(value, json_type_double))
        return false;
    *out = json_object_get_double(value);
    return true;
}
