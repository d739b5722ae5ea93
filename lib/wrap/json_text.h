/*
 * json_text.h - JSON as it is written: numbers and strings, without json-c.
 */
#ifndef PARALLEL_WRAP_JSON_TEXT_H
#define PARALLEL_WRAP_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/secret.h"

/*
 * Whether a NUL is in the text, raw or as an escape. json-c would silently
 * cut a member's name there: "access_token\u0000x" would be "access_token".
 */
bool json_text_has_nul(const char *text, size_t len);

/*
 * Whether an escape is half of a surrogate pair alone, as in "\ud800": it
 * stands for no character, and json-c reads another one for it. For those who
 * have to give a string back as it came.
 */
bool json_text_has_half(const char *text, size_t len);

/* len without the blanks at the end. */
size_t json_text_trim(const char *text, size_t len);

/* What json_number() makes of a number, within +-10^15; false: it is none,
 * and *number is unchanged. */
int64_t json_number_limit(int64_t number);
bool json_number_from_double(double value, int64_t *number);
bool json_number_from_text(const char *text, int64_t *number);

/* Append a string with its quotes and escapes; text is UTF-8. 0, or -1
 * without memory. */
int json_text_put(struct secret *out, const char *text, size_t len);

#endif
