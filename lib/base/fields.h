/*
 * fields.h - blocks of "key=value" lines ended by a blank line.
 *
 * Git's credential protocol, the session cache and the events of a login are
 * all such blocks. A line has at most 65,535 bytes, a block at most 1 MiB; a
 * NUL anywhere, a carriage return within a line (some readers take it for its
 * end), a line without '=' and an empty key are errors that name the line. A
 * key that ends in "[]" is a list: every line adds a value, an empty value
 * starts it anew (as git does); of other keys the last line counts.
 *
 *     CLEANUP(fields_release) struct fields f = FIELDS_INIT;
 *     if (fields_read(&f, 0, err) < 0) ...
 *     const char *host = fields_get(&f, "host");
 */
#ifndef PARALLEL_BASE_FIELDS_H
#define PARALLEL_BASE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"

#define FIELDS_LINE_MAX  65535
#define FIELDS_BLOCK_MAX (1024 * 1024)

struct field {
    const char *key;
    const char *value;
};

struct fields {
    struct field *item; /* in the order of the lines */
    size_t count;
    size_t room;
    struct secret text; /* what fields_read() read; items point into it */
};

#define FIELDS_INIT                                                           \
    {                                                                         \
        NULL, 0, 0, SECRET_INIT                                               \
    }

/*
 * Take one block apart, in place: text (len bytes, with a terminating NUL
 * behind them) is changed, and the items point into it, so it must outlive
 * them. *used tells where the next block starts; it may be NULL. The block
 * may also end with the text. crlf: a carriage return before the line's end
 * belongs to the line's end. 0, or -1 with a FAIL_INPUT; whatever was there
 * before is dropped in either case.
 */
int fields_parse(struct fields *f, char *text, size_t len, bool crlf,
                 size_t *used, struct error *err);

/* Read one block from fd up to its blank line or the end, then parse it the
 * way git does (crlf). What follows the blank line is ignored. */
int fields_read(struct fields *f, int fd, struct error *err);

/* Put count items in the place of the first drop ones; what they point to
 * must outlive the block. 0, or -1 when memory ran out (nothing changed). */
int fields_splice(struct fields *f, size_t drop, const struct field *item,
                  size_t count);

/* The value of key (without "[]": its last line), or NULL. */
const char *fields_get(const struct fields *f, const char *key);

/* The same, but "" when it is missing. */
const char *fields_text(const struct fields *f, const char *key);

/* Its number; 0 when it has none, or one so large that a sum of two might
 * overflow. */
int64_t fields_number(const struct fields *f, const char *key);

/*
 * Walk the values of the list key ("watch[]"); *at starts at 0. Values before
 * the last empty one are skipped. NULL at the end.
 */
const char *fields_next(const struct fields *f, const char *key, size_t *at);

/* Whether the list key has value. */
bool fields_has(const struct fields *f, const char *key, const char *value);

void fields_release(struct fields *f);

/*
 * Append a line to a block under construction. -1 when the key or value
 * cannot be in a block (LF, CR, too long; '=' in the key) or memory ran out;
 * the block is then unchanged. fields_end() appends the blank line.
 */
int fields_put(struct secret *block, const char *key, const char *value);
int fields_put_number(struct secret *block, const char *key, long long number);
int fields_end(struct secret *block);

#endif
