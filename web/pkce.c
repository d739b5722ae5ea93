#include "web/pkce.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/random.h>

#define PKCE_BYTES 32 /* random ones, and those of SHA-256 */

static const char pkce_url_safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char pkce_plain[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 43 characters for 32 bytes; pad is put behind them. */
static void
pkce_encode(const unsigned char bytes[PKCE_BYTES], const char *letters,
            const char *pad, char out[PKCE_CHALLENGE_SIZE])
{
    unsigned bits = 0;
    int have = 0;
    char *to = out;

    for (int i = 0; i < PKCE_BYTES; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6)
            *to++ = letters[bits >> (have - 6) & 63];
    }
    *to++ = letters[bits << (6 - have) & 63];
    strcpy(to, pad);
}

int
pkce_make_text(struct secret *text)
{
    unsigned char bytes[PKCE_BYTES];
    char letters[PKCE_CHALLENGE_SIZE];
    int result = -1;

    if (getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes) {
        pkce_encode(bytes, pkce_url_safe, "", letters);
        result = secret_set(text, letters, strlen(letters));
    }
    secret_wipe(bytes, sizeof bytes);
    secret_wipe(letters, sizeof letters);
    return result;
}

int
pkce_challenge(const struct secret *verifier, char out[PKCE_CHALLENGE_SIZE])
{
    unsigned char hash[PKCE_BYTES];

    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, secret_text(verifier),
                         verifier->len, hash) < 0)
        return -1;
    pkce_encode(hash, pkce_url_safe, "", out);
    return 0;
}

int
pkce_hash_text(const char *text, char out[PKCE_CHALLENGE_SIZE])
{
    unsigned char hash[PKCE_BYTES];

    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), hash) < 0)
        return -1;
    pkce_encode(hash, pkce_plain, "=", out);
    return 0;
}
