/*
 * Whatever stands in a configuration file: it is refused with a message that
 * names a line of it, or every key is handed on as it stands there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"
#include "lib/wrap/conf.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text in hand, and where the handler was last. */
struct seen {
    const char *text;
    size_t len;
    int line;
};

/* Whether part stands in line number of the text. */
static bool
stands_there(const struct seen *seen, int number, const char *part)
{
    const char *start = seen->text, *end = start + seen->len, *stop;
    size_t len;

    for (int i = 1; i < number; i++) {
        start = memchr(start, '\n', (size_t)(end - start));
        require(start != NULL, "the line is there");
        start++;
    }
    stop = memchr(start, '\n', (size_t)(end - start));
    len = (size_t)((stop ? stop : end) - start);
    return memmem(start, len, part, strlen(part)) != NULL;
}

static int
look(void *context, const char *section, const char *key, const char *value,
     int line, struct error *err)
{
    struct seen *seen = context;

    require(line > seen->line, "lines come in order, one key each");
    seen->line = line;
    require(strlen(section) < 50, "a section is not cut");
    require(*key && strlen(key) < 50, "a key is a key");
    require(stands_there(seen, line, key), "the key stands in its line");
    require(stands_there(seen, line, value), "the value stands in its line");
    for (const char *c = value; *c; c++)
        require((unsigned char)*c >= ' ' || *c == '\t', "a value is clean");
    if (strcmp(key, "stop") == 0)
        return error_set(err, FAIL_INPUT, "stop", "stopped");
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {(const char *)data, size, 0};
    struct error err = ERROR_INIT;
    int64_t line;

    if (conf_parse("f", (const char *)data, size, look, &seen, &err) == 0)
        return 0;
    require(err.failure == FAIL_INPUT, "a failure is told");
    require(strcmp(err.id, "config") == 0, "it is of the configuration");
    require(text_starts_with(err.text, "f:"), "it names the file");
    *strchr(err.text + 2, ':') = '\0';
    require(text_to_number(err.text + 2, INT32_MAX, &line) == 0 && line > 0,
            "it names the line");
    return 0;
}
