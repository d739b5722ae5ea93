/*
 * url.h - the few things we need to know about an address.
 */
#ifndef PARALLEL_BASE_URL_H
#define PARALLEL_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

#define URL_HOST_SIZE   256
#define URL_ORIGIN_SIZE (URL_HOST_SIZE + 16)
#define URL_TEXT_SIZE   2048

struct url {
    bool secure;              /* https, not http */
    char host[URL_HOST_SIZE]; /* lower case; an IPv6 address in brackets */
    int port;                 /* the scheme's own when none was given */
    const char *path;         /* points into the text: "", "/account" */
};

/*
 * Take an absolute http or https address apart. User names, fragments,
 * blanks, backslashes and control characters are refused. Returns 0, or -1
 * with a FAIL_INPUT that does not repeat the address.
 */
int url_parse(struct url *url, const char *text, struct error *err);

/* Whether the host is this machine itself: localhost, 127.0.0.0/8, [::1]. */
bool url_is_loopback(const struct url *url);

/*
 * Parse and insist on what we may speak to: https, or http to a loopback
 * address. what names the address in the message ("platform_url").
 */
int url_require_safe(const char *text, const char *what, struct error *err);

/* "https://host" or "https://host:port" when the port is not the scheme's
 * own. out holds URL_ORIGIN_SIZE bytes. */
void url_origin(const struct url *url, char *out);

/*
 * The origin of a git credential request: protocol and host as git sends
 * them ("https", "API.Parallel.ai:443"). Returns 0, or -1 when they are not
 * http(s) or not a host.
 */
int url_origin_of_request(const char *protocol, const char *host, char *out);

#endif
