/*
 * json.h - the door to json-c: liberal in what it reads, exact in what it
 * writes.
 *
 * A struct json is one value and owns all below it; what the getters return
 * belongs to it. Strings of a value are wiped before json_free() frees them
 * (json-c does not do that by itself).
 */
#ifndef PARALLEL_WRAP_JSON_H
#define PARALLEL_WRAP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"

struct json; /* never defined: a json_object in disguise */

/*
 * Parse len bytes that must be exactly one JSON object (blanks around it are
 * fine): nested at most 32 deep, UTF-8, no NUL in strings. *out is owned by
 * the caller. -1 with FAIL_SERVICE "json" and a text like "not JSON (byte
 * 17)" or "JSON, but not an object"; never a piece of the input.
 */
int json_parse(const char *text, size_t len, struct json **out,
               struct error *err);

void json_free(struct json *json);
static inline void
json_free_variable(struct json **json)
{
    json_free(*json);
}
#define cleanup_json __attribute__((cleanup(json_free_variable)))

/* Members of an object: NULL when missing, null, or of another type. */
const char *json_text(const struct json *object, const char *key);
const struct json *json_object_at(const struct json *object, const char *key);
const struct json *json_array_at(const struct json *object, const char *key);

/*
 * A whole number, given as a JSON number (a fraction is cut off) or as a
 * string of digits with an optional sign. Beyond +-10^15 it is limited to
 * that. false when missing, null or anything else; *number is then unchanged.
 */
bool json_number(const struct json *object, const char *key, int64_t *number);

/* true only for JSON true. */
bool json_true(const struct json *object, const char *key);

/* Whether the member is there and not null. */
bool json_has(const struct json *object, const char *key);

/* Elements of an array (NULL or not an array: size 0). Those that are not
 * objects, or not strings, come back as NULL. */
size_t json_size(const struct json *array);
const struct json *json_element(const struct json *array, size_t i);
const char *json_element_text(const struct json *array, size_t i);

/*
 * Building. All abort-free: memory trouble makes json_write() fail in the
 * end. json_put_object/array and json_append_object return the new value,
 * which belongs to its parent. A NULL text is written as null. Text that is
 * not UTF-8 is cleaned first.
 */
struct json *json_new_object(void);
void json_put_text(struct json *object, const char *key, const char *text);
void json_put_number(struct json *object, const char *key, int64_t number);
void json_put_bool(struct json *object, const char *key, bool value);
void json_put_null(struct json *object, const char *key);
struct json *json_put_object(struct json *object, const char *key);
/* The member that is an object, to be changed; made when it is missing or
 * null, NULL when it is something else. */
struct json *json_edit_object(struct json *object, const char *key);
struct json *json_put_array(struct json *object, const char *key);
void json_append_text(struct json *array, const char *text);
struct json *json_append_object(struct json *array);

/* Serialise: one line without blanks, or pretty with two-space indents; no
 * escaped slashes; a newline at the end. out is replaced. 0 or -1. */
int json_write(const struct json *json, bool pretty, struct secret *out);

/* The member names of an object, one call each (*at starts at 0); NULL at the
 * end. */
const char *json_next_key(const struct json *object, size_t *at);

#endif
