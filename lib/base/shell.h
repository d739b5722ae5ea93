/*
 * shell.h - a variable as a line that a shell reads; a word of such a line.
 *
 * Used by the front and by the broker.
 */
#ifndef PARALLEL_BASE_SHELL_H
#define PARALLEL_BASE_SHELL_H

#include <stddef.h>

#include "lib/base/secret.h"

enum shell {
    SHELL_UNKNOWN,
    SHELL_SH,   /* export NAME='VALUE' */
    SHELL_CSH,  /* setenv NAME 'VALUE'; */
    SHELL_FISH, /* set -gx NAME 'VALUE'; */
    SHELL_PLAIN /* NAME=VALUE, for a file that no shell reads */
};

/* The shell of a word like "fish", or SHELL_UNKNOWN. */
enum shell shell_of(const char *word);

/* The person's, by $SHELL: of csh, of fish, or like sh. */
enum shell shell_guess(void);

/*
 * Append the line that exports name with value, whatever is in it but a line
 * feed. -1 when memory ran out, or when value cannot be written without
 * quotes, which SHELL_PLAIN has none of: the readers of such files do not
 * agree on them.
 */
int shell_export(struct secret *out, enum shell shell, const char *name,
                 const char *value);

/* What sh takes for word, whatever is in it but a line feed; its first
 * character stays the first if it is a letter, a digit or '/'. out has
 * SHELL_WORD_SIZE(strlen(word)) bytes. Returns out. */
#define SHELL_WORD_SIZE(len) (2 * (len) + 1)
const char *shell_escape(char *out, const char *word);

/* The first word of a line of sh's, without its quotes, as far as there is
 * room; nothing is expanded. Returns out. */
const char *shell_first_word(char *out, size_t size, const char *line);

#endif
