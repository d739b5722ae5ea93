/*
 * client.h - how we show an authorization server which client we are.
 */
#ifndef PARALLEL_OAUTH_CLIENT_H
#define PARALLEL_OAUTH_CLIENT_H

#include "lib/oauth/provider.h"
#include "lib/wrap/http.h"

/* What a form is to hold of it: the id; the id and the secret; or nothing,
 * where HTTP Basic tells both. 0, or -1 when memory ran out. */
int client_add(struct secret *form, const struct provider *provider,
               const char *client_id);

/* What HTTP Basic tells: id and secret, each encoded as in a form (RFC 6749
 * section 2.3.1); both empty where it tells nothing. 0, or -1 when memory ran
 * out. */
struct client_basic {
    struct secret user, password;
};

#define CLIENT_BASIC_INIT                                                     \
    {                                                                         \
        SECRET_INIT, SECRET_INIT                                              \
    }

int client_basic_init(struct client_basic *basic,
                      const struct provider *provider, const char *client_id);
void client_basic_release(struct client_basic *basic);

#endif
