/*
 * refresh.h - a new access token for a refresh token (RFC 6749 section 6).
 */
#ifndef PARALLEL_OAUTH_REFRESH_H
#define PARALLEL_OAUTH_REFRESH_H

#include "lib/oauth/provider.h"
#include "lib/oauth/request.h"
#include "lib/oauth/token.h"

struct refresh_trouble {
    int64_t retry_after_s; /* -1 when the server did not say */
    bool maybe_spent; /* the refresh token may have been used up although no
                         answer came */
};

/*
 * Exchange. OAUTH_OK fills token (token->refresh empty: the old one stays).
 * OAUTH_INVALID_GRANT, OAUTH_INVALID_CLIENT, OAUTH_REFUSED and OAUTH_FAILED
 * fill err and trouble. Never asks twice.
 */
enum oauth_result
refresh_exchange(const struct http_options *http,
                 const struct provider *provider, const char *client_id,
                 const struct secret *refresh_token, struct token *token,
                 struct refresh_trouble *trouble, struct error *err);

#endif
