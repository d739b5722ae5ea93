/*
 * proxy.h - which proxy libcurl will ask, for messages.
 */
#ifndef PARALLEL_WRAP_PROXY_H
#define PARALLEL_WRAP_PROXY_H

#include <stdbool.h>

#include "lib/base/url.h"

struct proxy {
    char host[URL_ORIGIN_SIZE]; /* "host:port", as a person may see it: no
                                   user, no password; "" for none */
    int port;
    const char *variable; /* of the environment, that names it; NULL: the
                             configuration does */
};

/*
 * The proxy for https (secure) or http addresses: said by the configuration
 * ("" is none), or by the environment when that is NULL. Whether libcurl goes
 * through it is another matter: no_proxy may name the host.
 */
void proxy_find(struct proxy *proxy, const char *said, bool secure);

/* Whether the environment names hosts that the proxy is not for. */
bool proxy_has_exceptions(void);

#endif
