/*
 * Small helpers around json-c. Objects follow json-c's rules: what a function
 * returns belongs to the caller, what is added to an object belongs to it.
 */
#ifndef PLATFORM_VALUE_H
#define PLATFORM_VALUE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The JSON object that bytes hold, all of them; NULL when they are no valid
 * JSON, or another type, or when something follows the object.
 */
struct json_object *value_parse(const char *bytes, size_t length);

/* A string, or null for NULL. */
struct json_object *value_text(const char *text);

/*
 * A number: an integer when it is whole, else with as few digits as say it
 * (0.2 is sent as 0.2).
 */
struct json_object *value_number(double number);

/*
 * The time that is left as a number of seconds: whole seconds when it is
 * long, milliseconds when it is short, never negative.
 */
struct json_object *value_left(double seconds);

/* object[name] = value; value now belongs to object. */
void value_add(struct json_object *object, const char *name,
               struct json_object *value);

/* The string at object[name]; NULL when it is missing or no string. */
const char *value_get_text(struct json_object *object, const char *name);

/*
 * Reads the number at object[name] into out. False when there is one of
 * another type; out is left alone when it is missing.
 */
bool value_get_number(struct json_object *object, const char *name,
                      double *out);

#endif
