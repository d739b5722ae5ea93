/*
 * Proof Key for Code Exchange (RFC 7636), with S256 alone.
 */
#ifndef PLATFORM_PKCE_H
#define PLATFORM_PKCE_H

#include <stdbool.h>

/* Whether text has the form of a challenge: 43 characters of base64url. */
bool pkce_is_challenge(const char *text);

/* Whether text has the form of a verifier: 43 to 128 unreserved characters. */
bool pkce_is_verifier(const char *text);

/* Whether challenge was made of verifier, which may be NULL. */
bool pkce_fits(const char *verifier, const char *challenge);

#endif
