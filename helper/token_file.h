/*
 * token_file.h - the private file from which a command reads its token.
 *
 * "access-token.PID.N" in the folder of the session cache: 0600, the token
 * and no newline, which HTTP libraries do not want in a header. It is always
 * whole: replaced by a rename. Whoever lives holds a lock on it, so that what
 * the dead have left is known, from whatever PID namespace one looks.
 */
#ifndef PARALLEL_HELPER_TOKEN_FILE_H
#define PARALLEL_HELPER_TOKEN_FILE_H

#include <limits.h>

struct token_file {
    int folder;          /* -1: there is no file */
    int fd;              /* holds the lock */
    char path[PATH_MAX]; /* absolute */
};

#define TOKEN_FILE_INIT                                                       \
    {                                                                         \
        -1, -1, ""                                                            \
    }

/* Make a file with token in folder. 0, or -1 with errno; there is no file
 * then. */
int token_file_make(struct token_file *file, const char *folder,
                    const char *token);

/* Remove what the dead have left beside it. */
void token_file_sweep(const struct token_file *file);

/* The next token, also where the folder has gone away and can be made again.
 * 0, or -1: then nothing has changed. */
int token_file_replace(struct token_file *file, const char *token);

/* Remove it; harmless when there is none. */
void token_file_remove(struct token_file *file);

#endif
