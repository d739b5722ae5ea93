#include "lib/wrap/conf.h"

#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"

#define CONF_LINE_MAX 198
#define CONF_BOM      "\xef\xbb\xbf" /* UTF-8's byte order mark */
#define CONF_NAME_MAX 49 /* inih cuts a longer section off, silently */

/*
 * inih sees only lines that were looked at before: it would cut a long line
 * in two, join continuation lines, take ':' for '=' and ignore what follows
 * a heading.
 */
struct conf {
    char file[256]; /* for messages */
    const char *next;
    const char *end;
    int line;
    bool failed; /* err is filled: no more lines for inih */
    conf_handler handler;
    void *context;
    struct secret seen; /* "\nSECTION\037KEY\n...", to find duplicates */
    struct error *err;
};

static int
conf_fail(struct conf *conf, int line, const char *what)
{
    conf->failed = true;
    return error_set(conf->err, FAIL_INPUT, "config", "%s:%d: %s", conf->file,
                     line, what);
}

static bool
conf_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *
conf_skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static int
conf_check_heading(struct conf *conf, const char *text)
{
    const char *close = strchr(text, ']');
    const char *rest;

    if (!close)
        return conf_fail(conf, conf->line,
                         "the section heading does not close with ']'");
    if (close == text + 1)
        return conf_fail(conf, conf->line, "a section without a name");
    if (close - text - 1 > CONF_NAME_MAX)
        return conf_fail(conf, conf->line, "the section's name is too long");
    rest = conf_skip_blanks(close + 1);
    if (*rest && (*rest != ';' || rest == close + 1))
        return conf_fail(conf, conf->line,
                         "something follows the section heading");
    return 0;
}

static int
conf_check_key(struct conf *conf, const char *text)
{
    size_t span = strcspn(text, "=:");

    if (text[span] != '=')
        return conf_fail(conf, conf->line,
                         "not a line of the form key = value");
    while (span > 0 && conf_is_blank(text[span - 1]))
        span--;
    if (span == 0)
        return conf_fail(conf, conf->line, "a value without a key");
    if (span > CONF_NAME_MAX)
        return conf_fail(conf, conf->line, "the key is too long");
    return 0;
}

static int
conf_check_line(struct conf *conf, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
            text[i] == 0x7f)
            return conf_fail(conf, conf->line,
                             text[i] ? "a control character is in the line"
                                     : "a NUL is in the line");
    /* inih would take a second one off the first line. */
    if (conf->line == 1 && text_starts_with(text, CONF_BOM))
        return conf_fail(conf, conf->line, "two byte order marks");
    if (!*conf_skip_blanks(text) || *text == '#' || *text == ';')
        return 0;
    if (conf_is_blank(*text))
        return conf_fail(conf, conf->line,
                         "the line starts with a blank; there are no "
                         "continuation lines here");
    return *text == '[' ? conf_check_heading(conf, text)
                        : conf_check_key(conf, text);
}

/* Gives inih one line, without its end; NULL ends the parsing. */
static char *
conf_read_line(char *line, int size, void *stream)
{
    struct conf *conf = stream;
    const char *start = conf->next, *stop;
    size_t len;

    if (conf->failed || start >= conf->end)
        return NULL;
    stop = memchr(start, '\n', (size_t)(conf->end - start));
    conf->next = stop ? stop + 1 : conf->end;
    conf->line++;
    len = (size_t)((stop ? stop : conf->end) - start);
    if (stop && len > 0 && start[len - 1] == '\r')
        len--;
    if (len > CONF_LINE_MAX || len >= (size_t)size) {
        conf_fail(conf, conf->line, "the line is longer than 198 bytes");
        return NULL;
    }
    memcpy(line, start, len);
    line[len] = '\0';
    return conf_check_line(conf, line, len) < 0 ? NULL : line;
}

/* Remembers section and key. -1 with err when they were there before. */
static int
conf_check_duplicate(struct conf *conf, const char *section, const char *key)
{
    char entry[2 * CONF_LINE_MAX];
    int len = snprintf(entry, sizeof entry, "\n%s\037%s\n", section, key);

    if (conf->seen.data &&
        memmem(conf->seen.data, conf->seen.len, entry, (size_t)len))
        return error_set(conf->err, FAIL_INPUT, "config",
                         "%s is set a second time", key);
    if (secret_append(&conf->seen, entry, (size_t)len) < 0)
        return error_set(conf->err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

static int
conf_handle(void *user, const char *section, const char *key,
            const char *value)
{
    struct conf *conf = user;

    if (conf_check_duplicate(conf, section, key) == 0 &&
        conf->handler(conf->context, section, key, value, conf->line,
                      conf->err) == 0)
        return 1;
    conf->failed = true;
    error_context(conf->err, "%s:%d", conf->file, conf->line);
    if (conf->err && conf->err->failure == FAIL_INPUT)
        snprintf(conf->err->id, sizeof conf->err->id, "config");
    return 0;
}

static void
conf_release(struct conf *conf)
{
    secret_release(&conf->seen);
}

int
conf_parse(const char *file, const char *text, size_t len,
           conf_handler handler, void *context, struct error *err)
{
    CLEANUP(conf_release)
    struct conf conf = {.next = text,
                        .end = text + len,
                        .handler = handler,
                        .context = context,
                        .seen = SECRET_INIT,
                        .err = err};
    int line;

    text_show(conf.file, sizeof conf.file, file);
    if (len >= 3 && memcmp(text, CONF_BOM, 3) == 0)
        conf.next += 3;
    line = ini_parse_stream(conf_read_line, &conf, conf_handle, &conf);
    if (line != 0 && !conf.failed)
        conf_fail(&conf, line, "not a line of the form key = value");
    return conf.failed ? -1 : 0;
}
