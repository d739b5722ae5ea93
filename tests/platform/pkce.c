#include "tests/platform/pkce.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/secret.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789-_";

bool
pkce_is_challenge(const char *text)
{
    return strlen(text) == 43 && strspn(text, letters) == 43;
}

bool
pkce_is_verifier(const char *text)
{
    size_t length = strlen(text);

    return length >= 43 && length <= 128 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "abcdefghijklmnopqrstuvwxyz0123456789-._~") == length;
}

/* The byte that two hex digits are. */
static unsigned
byte_at(const char *hex, int place)
{
    char digits[3] = {hex[2 * place], hex[2 * place + 1], '\0'};

    return (unsigned)strtoul(digits, NULL, 16);
}

/* Writes the SHA-256 of text in base64url, without padding. */
static void
challenge_of(char out[44], const char *text)
{
    char hex[DIGEST_LENGTH];
    unsigned bits = 0;
    int have = 0;
    int at = 0;

    secret_digest(hex, text);
    for (int i = 0; i < 32; i++) {
        bits = (bits << 8 | byte_at(hex, i)) & 0xffff;
        for (have += 8; have >= 6; have -= 6)
            out[at++] = letters[bits >> (have - 6) & 63];
    }
    out[at++] = letters[bits << (6 - have) & 63];
    out[at] = '\0';
}

bool
pkce_fits(const char *verifier, const char *challenge)
{
    char made[44];

    if (!verifier || !pkce_is_verifier(verifier))
        return false;
    challenge_of(made, verifier);
    return strcmp(made, challenge) == 0;
}
