/*
 * http_value.h - what the headers of an answer say.
 */
#ifndef PARALLEL_WRAP_HTTP_VALUE_H
#define PARALLEL_WRAP_HTTP_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Retry-After, RFC 9110 section 10.2.3: seconds, or a date, which is text as a
 * date, or 0. Counted from the server's own date now when it is known (not 0):
 * the clock here may be wrong. Seconds, or -1: it does not say.
 */
int64_t http_value_wait(const char *text, int64_t date, int64_t now);

/* "application/json", "application/problem+json; charset=utf-8", ... */
bool http_value_is_json(const char *type);

#endif
