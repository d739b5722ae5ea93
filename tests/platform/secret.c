#include "tests/platform/secret.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void
secret_bytes(void *out, unsigned long length)
{
    unsigned char *next = out;

    while (length > 0) {
        ssize_t got = getrandom(next, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            perror("platform: getrandom");
            abort();
        }
        next += got;
        length -= (unsigned long)got;
    }
}

void
secret_make(char out[SECRET_LENGTH], const char *prefix)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_";
    unsigned char raw[43];
    size_t at = strnlen(prefix, 15);

    secret_bytes(raw, sizeof(raw));
    memcpy(out, prefix, at);
    for (size_t i = 0; i < sizeof(raw); i++)
        out[at++] = letters[raw[i] & 63];
    out[at] = '\0';
}

static void
hex(char *out, const unsigned char *raw, size_t length)
{
    for (size_t i = 0; i < length; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
}

void
secret_digest(char out[DIGEST_LENGTH], const char *text)
{
    unsigned char raw[32];

    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), raw) < 0)
        abort();
    hex(out, raw, sizeof(raw));
}

void
secret_uuid(char out[UUID_LENGTH])
{
    unsigned char raw[16];
    char digits[33];

    secret_bytes(raw, sizeof(raw));
    raw[6] = (unsigned char)((raw[6] & 0x0f) | 0x40);
    raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80);
    hex(digits, raw, sizeof(raw));
    snprintf(out, UUID_LENGTH, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8,
             digits + 12, digits + 16, digits + 20);
}

void
secret_user_code(char out[USER_CODE])
{
    static const char consonants[] = "BCDFGHJKLMNPQRSTVWXZ";

    for (int i = 0; i < USER_CODE - 1; i++) {
        unsigned char byte;
        do
            secret_bytes(&byte, 1);
        while (byte >= 240); /* 240 = 12 * 20: no letter is favoured */
        out[i] = consonants[byte % 20];
    }
    out[4] = '-';
    out[USER_CODE - 1] = '\0';
}
