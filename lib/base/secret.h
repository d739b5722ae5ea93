/*
 * secret.h - memory that holds something confidential and wipes itself.
 *
 * A struct secret owns its bytes; they are wiped whenever they are released,
 * replaced or moved. data is NULL when empty, else always followed by a NUL
 * that len does not count. Never pass secret.data to anything that logs.
 *
 *     CLEANUP(secret_release) struct secret token = SECRET_INIT;
 *     if (secret_set(&token, text, strlen(text)) < 0) ...
 */
#ifndef PARALLEL_BASE_SECRET_H
#define PARALLEL_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *data;
    size_t len;  /* bytes in use */
    size_t room; /* bytes allocated */
};

#define SECRET_INIT                                                           \
    {                                                                         \
        NULL, 0, 0                                                            \
    }

/* Wipe and free; the secret is empty afterwards. */
void secret_release(struct secret *s);

/* Make room for extra more bytes. Returns 0, or -1 when memory ran out (the
 * secret is then unchanged). */
int secret_reserve(struct secret *s, size_t extra);

/* Append bytes, or a string. 0, or -1 when memory ran out. */
int secret_append(struct secret *s, const void *bytes, size_t len);
int secret_append_text(struct secret *s, const char *text);

/* Replace the contents by a copy; an empty text empties the secret. */
int secret_set(struct secret *s, const void *bytes, size_t len);

/* Move the contents of from into to, whose old contents are wiped. */
void secret_move(struct secret *to, struct secret *from);

bool secret_is_empty(const struct secret *s);

/* The text, or "" when empty; owned by the secret. */
const char *secret_text(const struct secret *s);

/* Whether the secret equals text, in a time that depends on the length of
 * text alone. */
bool secret_equals(const struct secret *s, const char *text);

/* Wipe len bytes that are not a struct secret; bytes may be NULL. */
void secret_wipe(void *bytes, size_t len);

/*
 * First act of every program, since exec resets it: no core dump, no ptrace
 * by the same user, /proc/self owned by root.
 */
void secret_harden_process(void);

#endif
