/*
 * Memory that is always there: the platform is a test server, so running out
 * of memory ends it with a message instead of being handled everywhere.
 */
#ifndef PLATFORM_MEMORY_H
#define PLATFORM_MEMORY_H

#include <stddef.h>

/* size zeroed bytes, to be freed by the caller. */
void *memory_new(size_t size);

/* Like realloc, but never NULL. */
void *memory_grow(void *old, size_t size);

/* A copy of text, to be freed by the caller; NULL stays NULL. */
char *memory_copy(const char *text);

/* A formatted string, to be freed by the caller. */
char *memory_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
