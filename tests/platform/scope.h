/*
 * The scopes there are.
 */
#ifndef PLATFORM_SCOPE_H
#define PLATFORM_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

/* What is granted when a client asks for nothing. */
#define SCOPE_DEFAULT "keys:read apps:read balance:read"

/* The only one of the OAuth provider, and no scope of tokens. */
#define SCOPE_KEY "key:read"

/*
 * Whether text is a list of known scopes, each once, with single spaces
 * between (RFC 6749, section 3.3).
 */
bool scope_is_valid(const char *text);

/* Whether text, a valid list, has one. */
bool scope_has(const char *text, const char *one);

/*
 * The next scope of a list in plain words: text points into the list and is
 * moved on. NULL at its end.
 */
const char *scope_next_words(const char **text);

#endif
