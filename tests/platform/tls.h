/*
 * Certificates, made anew at each start: a private CA, and what it signs.
 */
#ifndef PLATFORM_TLS_H
#define PLATFORM_TLS_H

#include <stdbool.h>

/* A certificate and its key, both PEM. */
struct tls_pair {
    char *certificate;
    char *key;
};

struct tls {
    char *authority;        /* the CA's certificate, PEM */
    char authority_hash[9]; /* its name in a hashed folder, without ".0" */
    struct tls_pair good;   /* for localhost and 127.0.0.1 */
    struct tls_pair expired;
    struct tls_pair wrong_host;
    struct tls_pair unknown; /* good, but signed by a CA nobody knows */
};

/*
 * Makes all of them. Returns NULL, or the reason in words (a constant). To be
 * released in either case.
 */
const char *tls_make(struct tls *tls);

void tls_release(struct tls *tls);

#endif
