#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "tests/platform/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
sure(void *memory)
{
    if (!memory) {
        fputs("platform: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *
memory_new(size_t size)
{
    return sure(calloc(1, size));
}

void *
memory_grow(void *old, size_t size)
{
    return sure(realloc(old, size));
}

char *
memory_copy(const char *text)
{
    return text ? sure(strdup(text)) : NULL;
}

char *
memory_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return sure(text);
}
