/*
 * shell.h - a variable as a line that a shell reads.
 *
 * Used by the front and by the broker.
 */
#ifndef PARALLEL_BASE_SHELL_H
#define PARALLEL_BASE_SHELL_H

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

#endif
