/*
 * A block is taken apart, with and without carriage returns at the line ends,
 * and put together again: what comes out is a block that reads the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fields.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_fields(const struct fields *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const char *key = f->item[i].key, *value = f->item[i].value;
        size_t at = 0;

        require(*key && !strpbrk(key, "=\n"), "a key is a key");
        require(!strchr(value, '\n'), "a value is one line");
        require(fields_get(f, key) != NULL, "what is there is found");
        while (fields_next(f, key, &at))
            require(at <= f->count, "a list ends");
    }
}

static void
check_again(const struct fields *f, bool crlf)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    CLEANUP(fields_release) struct fields again = FIELDS_INIT;
    size_t used = 0, len;

    for (size_t i = 0; i < f->count; i++)
        require(fields_put(&block, f->item[i].key, f->item[i].value) == 0,
                "what was read can be written");
    require(fields_end(&block) == 0, "a block ends");
    len = block.len;
    require(fields_parse(&again, block.data, len, crlf, &used, NULL) == 0,
            "what was written can be read");
    require(used == len, "a block is read to its end");
    require(again.count == f->count, "no line is lost or won");
    for (size_t i = 0; i < f->count; i++) {
        require(strcmp(f->item[i].key, again.item[i].key) == 0,
                "a key stays the same");
        require(strcmp(f->item[i].value, again.item[i].value) == 0,
                "a value stays the same");
    }
}

static void
check(const uint8_t *data, size_t size, bool crlf)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    struct error err = ERROR_INIT;
    size_t start = 0, used;

    require(secret_append(&text, data, size) == 0, "there is memory");
    while (start < size) {
        used = 0;
        if (fields_parse(&f, text.data + start, size - start, crlf, &used,
                         &err) < 0) {
            require(f.count == 0, "a failure leaves nothing");
            require(err.failure != FAIL_NONE, "a failure is told");
            return;
        }
        require(used > 0 && used <= size - start, "a block takes its text");
        check_fields(&f);
        check_again(&f, true);
        check_again(&f, false);
        start += used;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, true);
    check(data, size, false);
    return 0;
}
