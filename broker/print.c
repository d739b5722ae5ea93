/* print.c - what is written for people and for programs. */
#include "broker/broker.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

void
broker_say(const struct broker *b, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (b->quiet)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "parallel-credential: %s\n", text);
}

const char *
broker_date(char *out, size_t size, int64_t ms)
{
    time_t at = (time_t)(ms / 1000);
    struct tm tm;

    if (!localtime_r(&at, &tm) ||
        !strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(out, size, "?");
    return out;
}

int
broker_print(const struct secret *text, struct error *err)
{
    if (fflush(stdout) == 0 &&
        file_write_all(STDOUT_FILENO, text->data, text->len) == 0)
        return 0;
    return error_errno(err, FAIL_SERVICE, "output",
                       "cannot write to standard output");
}

int
broker_flush(struct error *err)
{
    if (fflush(stdout) == 0)
        return 0;
    return error_errno(err, FAIL_SERVICE, "output",
                       "cannot write to standard output");
}

int
broker_print_json(struct json *object, struct error *err)
{
    CLEANUP(secret_release) struct secret line = SECRET_INIT;
    int result = json_write(object, false, &line);

    json_free(object);
    if (result < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return broker_print(&line, err);
}
