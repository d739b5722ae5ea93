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

static bool
shell_is_plain(const char *value)
{
    return value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-.,:/+=@~%")] == '\0';
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
