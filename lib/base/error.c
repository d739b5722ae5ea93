#include "lib/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void error_fill(struct error *err, enum failure failure, const char *id,
                       const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void
error_fill(struct error *err, enum failure failure, const char *id,
           const char *format, va_list args)
{
    err->failure = failure;
    snprintf(err->id, sizeof err->id, "%s", id);
    vsnprintf(err->text, sizeof err->text, format, args);
}

int
error_set(struct error *err, enum failure failure, const char *id,
          const char *format, ...)
{
    va_list args;

    if (!err)
        return -1;
    va_start(args, format);
    error_fill(err, failure, id, format, args);
    va_end(args);
    return -1;
}

int
error_errno(struct error *err, enum failure failure, const char *id,
            const char *format, ...)
{
    int saved = errno;
    va_list args;
    size_t used;

    if (!err)
        return -1;
    va_start(args, format);
    error_fill(err, failure, id, format, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s",
             strerror(saved));
    errno = saved;
    return -1;
}

int
error_context(struct error *err, const char *format, ...)
{
    char old[sizeof err->text];
    va_list args;
    size_t used;

    if (!err)
        return -1;
    memcpy(old, err->text, sizeof old);
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", old);
    return -1;
}
