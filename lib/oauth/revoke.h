/*
 * revoke.h - give a refresh token back (RFC 7009, or the provider's own).
 */
#ifndef PARALLEL_OAUTH_REVOKE_H
#define PARALLEL_OAUTH_REVOKE_H

#include "lib/oauth/provider.h"
#include "lib/oauth/request.h"

/* Give an access token back, where there is nothing else to give: by RFC 7009
 * alone; else it is OAUTH_OK. */
enum oauth_result revoke_access_token(const struct http_options *http,
                                      const struct provider *provider,
                                      const char *client_id,
                                      const struct secret *access_token,
                                      struct error *err);

/* OAUTH_OK also when the provider has no revocation or does not know the
 * token any more (invalid_grant). Any 2xx counts, whatever its body. */
enum oauth_result revoke_refresh_token(const struct http_options *http,
                                       const struct provider *provider,
                                       const char *client_id,
                                       const struct secret *refresh_token,
                                       struct error *err);

#endif
