/*
 * Addresses to which a browser is sent back.
 */
#ifndef PLATFORM_URI_H
#define PLATFORM_URI_H

#include <stdbool.h>
#include <stdio.h>

#define URI_ORIGIN 288 /* room for an origin, its NUL included */

struct uri {
    char origin[URI_ORIGIN]; /* scheme://host:port as it was written */
    char scheme[8];
    char host[256];   /* in lower case; of an IPv6 address with its brackets */
    const char *rest; /* path and query, in the text that was read */
};

/*
 * Reads an absolute http or https address. False when it is something else,
 * has a fragment or user information, or has bytes no address has.
 */
bool uri_read(struct uri *out, const char *text);

/* Whether its host is this computer, by a literal address (RFC 8252, 7.3). */
bool uri_is_loopback(const struct uri *uri);

/*
 * Whether asked is the registered address: byte for byte, but with any port
 * when both are of http and of the same loopback address (RFC 8252, 7.3).
 */
bool uri_is_same(const char *registered, const char *asked);

/* Whether text may be the name of a host on the Internet: it has a dot. */
bool uri_is_host_name(const char *text);

/* Writes text as a value of application/x-www-form-urlencoded. */
void uri_encode(FILE *out, const char *text);

#endif
