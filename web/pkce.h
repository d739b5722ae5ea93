/*
 * pkce.h - what nobody can guess (RFC 7636, and the state of RFC 6749 section
 * 10.12).
 */
#ifndef PARALLEL_WEB_PKCE_H
#define PARALLEL_WEB_PKCE_H

#include "lib/base/secret.h"

#define PKCE_CHALLENGE_SIZE 48

/* 256 random bits in 43 characters that need no escaping. 0 or -1. */
int pkce_make_text(struct secret *text);

/* The S256 challenge of a verifier. 0 or -1. */
int pkce_challenge(const struct secret *verifier,
                   char out[PKCE_CHALLENGE_SIZE]);

/* SHA-256 of text in base64, as a Content-Security-Policy has it. */
int pkce_hash_text(const char *text, char out[PKCE_CHALLENGE_SIZE]);

#endif
