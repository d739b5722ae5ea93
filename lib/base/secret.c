#include "lib/base/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* The leak checker of a sanitized build has to trace its own process. */
#if defined(__SANITIZE_ADDRESS__)
#define SECRET_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SECRET_SANITIZED
#endif
#endif

void
secret_wipe(void *bytes, size_t len)
{
    if (bytes && len)
        explicit_bzero(bytes, len);
}

void
secret_release(struct secret *s)
{
    if (!s)
        return;
    secret_wipe(s->data, s->room);
    free(s->data);
    *s = (struct secret)SECRET_INIT;
}

int
secret_reserve(struct secret *s, size_t extra)
{
    size_t room = s->room ? s->room : 256;
    char *data;

    if (extra >= SIZE_MAX / 4 || s->len >= SIZE_MAX / 4)
        return -1;
    if (s->data && s->room > s->len + extra)
        return 0;
    while (room <= s->len + extra)
        room *= 2;
    data = malloc(room);
    if (!data)
        return -1;
    if (s->data)
        memcpy(data, s->data, s->len);
    data[s->len] = '\0';
    secret_wipe(s->data, s->room);
    free(s->data);
    s->data = data;
    s->room = room;
    return 0;
}

int
secret_append(struct secret *s, const void *bytes, size_t len)
{
    if (secret_reserve(s, len) < 0)
        return -1;
    if (len)
        memcpy(s->data + s->len, bytes, len);
    s->len += len;
    s->data[s->len] = '\0';
    return 0;
}

int
secret_append_text(struct secret *s, const char *text)
{
    return secret_append(s, text, strlen(text));
}

int
secret_set(struct secret *s, const void *bytes, size_t len)
{
    struct secret fresh = SECRET_INIT;

    if (len && secret_append(&fresh, bytes, len) < 0)
        return -1;
    secret_move(s, &fresh);
    return 0;
}

void
secret_move(struct secret *to, struct secret *from)
{
    secret_release(to);
    *to = *from;
    *from = (struct secret)SECRET_INIT;
}

bool
secret_is_empty(const struct secret *s)
{
    return s->len == 0;
}

const char *
secret_text(const struct secret *s)
{
    return s->data ? s->data : "";
}

bool
secret_equals(const struct secret *s, const char *text)
{
    size_t len = strlen(text);
    unsigned char differ = s->len != len;

    for (size_t i = 0; i < len; i++) {
        char ours = s->len ? s->data[i % s->len] : '\0';
        differ |= (unsigned char)(ours ^ text[i]);
    }
    return !differ;
}

void
secret_harden_process(void)
{
#if !defined(SECRET_SANITIZED)
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
