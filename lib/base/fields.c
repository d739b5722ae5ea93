#include "lib/base/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text.h"

void
fields_release(struct fields *f)
{
    if (!f)
        return;
    secret_release(&f->text);
    free(f->item);
    *f = (struct fields)FIELDS_INIT;
}

static int
fields_add(struct fields *f, const char *key, const char *value)
{
    if (f->count == f->room) {
        size_t room = f->room ? f->room * 2 : 32;
        struct field *item = realloc(f->item, room * sizeof *item);

        if (!item)
            return -1;
        f->item = item;
        f->room = room;
    }
    f->item[f->count++] = (struct field){key, value};
    return 0;
}

/* Takes one line apart; end is its LF or the end of the text. */
static int
fields_parse_line(struct fields *f, char *line, char *end, bool crlf,
                  size_t number, struct error *err)
{
    char *equals;

    if (end - line > FIELDS_LINE_MAX)
        return error_set(err, FAIL_INPUT, "fields",
                         "line %zu is longer than %d bytes", number,
                         FIELDS_LINE_MAX);
    if (crlf && end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    if (strlen(line) != (size_t)(end - line))
        return error_set(err, FAIL_INPUT, "fields", "line %zu has a NUL byte",
                         number);
    if (strchr(line, '\r'))
        return error_set(err, FAIL_INPUT, "fields",
                         "line %zu has a carriage return in it", number);
    equals = strchr(line, '=');
    if (!equals || equals == line)
        return error_set(err, FAIL_INPUT, "fields",
                         "line %zu is not of the form key=value", number);
    *equals = '\0';
    if (fields_add(f, line, equals + 1) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

static bool
fields_is_blank(const char *line, const char *end, bool crlf)
{
    return end == line || (crlf && end - line == 1 && *line == '\r');
}

int
fields_parse(struct fields *f, char *text, size_t len, bool crlf, size_t *used,
             struct error *err)
{
    char *line = text, *stop = text + len;
    size_t number = 0;

    f->count = 0;
    if (len > FIELDS_BLOCK_MAX)
        return error_set(err, FAIL_INPUT, "fields",
                         "more than %d bytes in one block", FIELDS_BLOCK_MAX);
    while (line < stop) {
        char *end = memchr(line, '\n', (size_t)(stop - line));
        char *next = end ? end + 1 : stop;

        if (!end)
            end = stop;
        number++;
        if (fields_is_blank(line, end, crlf)) {
            line = next;
            break;
        }
        if (fields_parse_line(f, line, end, crlf, number, err) < 0) {
            f->count = 0;
            return -1;
        }
        line = next;
    }
    if (used)
        *used = (size_t)(line - text);
    return 0;
}

/*
 * Where the block in text ends, or 0 when it goes on. from is a place known
 * to lie before the end; lines that were looked at are not looked at again.
 */
static size_t
fields_find_end(const struct secret *text, size_t *line)
{
    while (*line < text->len) {
        const char *start = text->data + *line;
        const char *end = memchr(start, '\n', text->len - *line);

        if (!end)
            return 0;
        *line += (size_t)(end - start) + 1;
        if (fields_is_blank(start, end, true))
            return *line;
    }
    return 0;
}

int
fields_read(struct fields *f, int fd, struct error *err)
{
    size_t line = 0, end = 0;

    f->count = 0;
    secret_release(&f->text);
    while (end == 0) {
        ssize_t n;

        if (f->text.len > FIELDS_BLOCK_MAX)
            return error_set(err, FAIL_INPUT, "fields",
                             "more than %d bytes in one block",
                             FIELDS_BLOCK_MAX);
        if (secret_reserve(&f->text, 512) < 0)
            return error_set(err, FAIL_SERVICE, "memory", "out of memory");
        n = read(fd, f->text.data + f->text.len,
                 f->text.room - f->text.len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, FAIL_INPUT, "fields",
                               "cannot read standard input");
        f->text.len += (size_t)n;
        f->text.data[f->text.len] = '\0';
        end = n == 0 ? f->text.len : fields_find_end(&f->text, &line);
        if (n == 0)
            break;
    }
    return fields_parse(f, f->text.data, end, true, NULL, err);
}

int
fields_splice(struct fields *f, size_t drop, const struct field *item,
              size_t count)
{
    size_t kept = f->count - drop, room = count + kept;
    struct field *fresh = calloc(room ? room : 1, sizeof *fresh);

    if (!fresh)
        return -1;
    if (count)
        memcpy(fresh, item, count * sizeof *item);
    if (kept)
        memcpy(fresh + count, f->item + drop, kept * sizeof *item);
    free(f->item);
    f->item = fresh;
    f->count = f->room = room;
    return 0;
}

const char *
fields_get(const struct fields *f, const char *key)
{
    for (size_t i = f->count; i-- > 0;)
        if (strcmp(f->item[i].key, key) == 0)
            return f->item[i].value;
    return NULL;
}

const char *
fields_text(const struct fields *f, const char *key)
{
    const char *value = fields_get(f, key);

    return value ? value : "";
}

int64_t
fields_number(const struct fields *f, const char *key)
{
    int64_t number = 0;

    text_to_number(fields_text(f, key), INT64_MAX / 4, &number);
    return number;
}

static size_t
fields_list_start(const struct fields *f, const char *key)
{
    for (size_t i = f->count; i-- > 0;)
        if (!*f->item[i].value && strcmp(f->item[i].key, key) == 0)
            return i + 1;
    return 0;
}

const char *
fields_next(const struct fields *f, const char *key, size_t *at)
{
    if (*at == 0)
        *at = fields_list_start(f, key);
    while (*at < f->count) {
        const struct field *item = &f->item[(*at)++];
        if (strcmp(item->key, key) == 0)
            return item->value;
    }
    return NULL;
}

bool
fields_has(const struct fields *f, const char *key, const char *value)
{
    const char *each;
    size_t at = 0;

    while ((each = fields_next(f, key, &at)))
        if (strcmp(each, value) == 0)
            return true;
    return false;
}

int
fields_put(struct secret *block, const char *key, const char *value)
{
    size_t key_len = strlen(key), value_len = strlen(value);

    if (key_len == 0 || key_len + 1 + value_len > FIELDS_LINE_MAX ||
        text_has_any(key, "=\r\n") || text_has_any(value, "\r\n"))
        return -1;
    if (secret_reserve(block, key_len + value_len + 2) < 0)
        return -1;
    secret_append(block, key, key_len);
    secret_append(block, "=", 1);
    secret_append(block, value, value_len);
    return secret_append(block, "\n", 1);
}

int
fields_put_number(struct secret *block, const char *key, long long number)
{
    char text[TEXT_NUMBER_SIZE];

    return fields_put(block, key, text_from_number(text, number));
}

int
fields_end(struct secret *block)
{
    return secret_append(block, "\n", 1);
}
