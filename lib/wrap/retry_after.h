/*
 * retry_after.h - what the header of this name says.
 */
#ifndef PARALLEL_WRAP_RETRY_AFTER_H
#define PARALLEL_WRAP_RETRY_AFTER_H

#include <stdint.h>

/*
 * RFC 9110 section 10.2.3: seconds, or a date, which is text as a
 * date, or 0. Counted from the server's own date now when it is known (not 0):
 * the clock here may be wrong. Seconds, or -1: it does not say.
 */
int64_t retry_after_seconds(const char *text, int64_t date, int64_t now);

#endif
