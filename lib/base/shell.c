#include "lib/base/shell.h"

#include <stdlib.h>
#include <string.h>

struct shell_words {
    const char *word;
    const char *before, *between, *after;
    const char *special; /* what stands in single quotes only like this: */
    const char *escape;  /* this in front of it, */
    const char *reopen;  /* and this behind it */
};

static const struct shell_words shell_words[] = {
    [SHELL_SH] = {"sh", "export ", "='", "'\n", "'", "'\\", "'"},
    /* A "!" stands for an earlier command even there. */
    [SHELL_CSH] = {"csh", "setenv ", " '", "';\n", "'!", "'\\", "'"},
    [SHELL_FISH] = {"fish", "set -gx ", " '", "';\n", "'\\", "\\", ""},
    [SHELL_PLAIN] = {"plain", "", "=", "\n", "", "", ""},
};

enum shell
shell_of(const char *word)
{
    for (int i = SHELL_SH; i <= SHELL_PLAIN; i++)
        if (strcmp(shell_words[i].word, word) == 0)
            return (enum shell)i;
    return SHELL_UNKNOWN;
}

enum shell
shell_guess(void)
{
    const char *path = getenv("SHELL");
    const char *name = path ? strrchr(path, '/') : NULL;

    name = name ? name + 1 : path;
    if (name && strcmp(name, "fish") == 0)
        return SHELL_FISH;
    if (name && (strcmp(name, "csh") == 0 || strcmp(name, "tcsh") == 0))
        return SHELL_CSH;
    return SHELL_SH;
}

#define SHELL_LETTERS                                                         \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool
shell_is_plain(const char *value)
{
    return value[strspn(value, SHELL_LETTERS "_-.,:/+=@~%")] == '\0';
}

static int
shell_quote(struct secret *out, const struct shell_words *words,
            const char *value)
{
    int result = 0;

    while (*value && result == 0) {
        size_t span = strcspn(value, words->special);

        result = secret_append(out, value, span);
        value += span;
        if (!*value)
            break;
        result |= secret_append_text(out, words->escape) |
                  secret_append(out, value, 1) |
                  secret_append_text(out, words->reopen);
        value++;
    }
    return result;
}

int
shell_export(struct secret *out, enum shell shell, const char *name,
             const char *value)
{
    const struct shell_words *words = &shell_words[shell];

    if (strpbrk(value, "\r\n") ||
        (shell == SHELL_PLAIN && !shell_is_plain(value)))
        return -1;
    return secret_append_text(out, words->before) |
           secret_append_text(out, name) |
           secret_append_text(out, words->between) |
           shell_quote(out, words, value) |
           secret_append_text(out, words->after);
}

const char *
shell_escape(char *out, const char *word)
{
    char *end = out;

    for (; *word; word++) {
        if ((unsigned char)*word < 0x80 &&
            !strchr(SHELL_LETTERS "_-.,:/+=@%", *word))
            *end++ = '\\';
        *end++ = *word;
    }
    *end = '\0';
    return out;
}

/* Whether a backslash in front of next goes away, within quote ('\0': none).
 */
static bool
shell_is_escape(char quote, char next)
{
    return next && (!quote || (quote == '"' && strchr("\"\\$`", next)));
}

const char *
shell_first_word(char *out, size_t size, const char *line)
{
    char quote = '\0';
    size_t used = 0;

    line += strspn(line, " \t");
    for (; *line && used + 1 < size; line++) {
        if (!quote && strchr(" \t\n", *line))
            break;
        if (quote && *line == quote) {
            quote = '\0';
        } else if (!quote && (*line == '\'' || *line == '"')) {
            quote = *line;
        } else {
            if (*line == '\\' && shell_is_escape(quote, line[1]))
                line++;
            out[used++] = *line;
        }
    }
    out[used] = '\0';
    return out;
}
