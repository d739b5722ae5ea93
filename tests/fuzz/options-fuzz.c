/*
 * What an administrator has written behind the module's name: any arguments,
 * split at line feeds. What is understood lies within its bounds, what is not
 * is named in the log, once and cleanly, and nothing depends on it.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "pam/options.c"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARGUMENTS_MAX 64

static int complaints;

void
pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
    char line[1024], again[1024];
    va_list args;
    int len;

    (void)pamh;
    require((priority & 7) == LOG_ERR, "a bad option is an error");
    va_start(args, format);
    len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    require(len > 0 && (size_t)len < sizeof line / 4, "a line is bounded");
    require(text_clean(again, sizeof again, line, (size_t)len) ==
                    (size_t)len &&
                strcmp(again, line) == 0,
            "a line is clean");
    complaints++;
}

static void
require_bounds(const struct options *options)
{
    require(options->wait >= 0 && options->wait <= 600, "wait");
    require(options->timeout >= 1 && options->timeout <= 60, "timeout");
    require(options->min_uid >= 0 && options->min_uid <= 4294967294,
            "min_uid");
}

/* One after the other: each either counts or is complained about. */
static void
require_each(const char **argument, int count)
{
    struct options none, one;

    options_read(&none, NULL, 0, NULL);
    for (int i = 0; i < count; i++) {
        complaints = 0;
        options_read(&one, NULL, 1, argument + i);
        require(complaints <= 1, "one complaint an argument");
        require_bounds(&one);
        if (complaints == 1)
            require(one.wait == none.wait && one.timeout == none.timeout &&
                        one.min_uid == none.min_uid &&
                        one.silent == none.silent && one.debug == none.debug,
                    "what is complained about does not count");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *rest = text;
    const char *argument[ARGUMENTS_MAX];
    struct options options;
    int count = 0;

    require(text != NULL, "there is memory");
    memcpy(text, data, size);
    text[size] = '\0';
    while (rest && count < ARGUMENTS_MAX)
        argument[count++] = strsep(&rest, "\n");
    complaints = 0;
    options_read(&options, NULL, count, argument);
    require_bounds(&options);
    require(complaints <= count, "a complaint an argument at most");
    require_each(argument, count);
    free(text);
    return 0;
}
