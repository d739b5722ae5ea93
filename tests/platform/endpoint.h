/*
 * The kinds of requests: what is counted, and what trouble is aimed at.
 */
#ifndef PLATFORM_ENDPOINT_H
#define PLATFORM_ENDPOINT_H

#include <stdbool.h>

enum endpoint {
    ENDPOINT_REGISTER,
    ENDPOINT_CODE,
    ENDPOINT_TOKEN_DEVICE,
    ENDPOINT_TOKEN_REFRESH,
    ENDPOINT_TOKEN_OTHER, /* a grant type that is neither */
    ENDPOINT_REVOKE,
    ENDPOINT_APPS,
    ENDPOINT_KEYS,
    ENDPOINT_BALANCE,
    ENDPOINT_DATA,
    ENDPOINT_PAGE,
    ENDPOINT_METADATA, /* of the OAuth provider, as are the next four */
    ENDPOINT_AUTHORIZE,
    ENDPOINT_KEYS_TOKEN,
    ENDPOINT_KEYS_REGISTER,
    ENDPOINT_KEYS_CODE,
    ENDPOINT_SECOND_AUTHORIZE, /* of the second service, as are the next */
    ENDPOINT_SECOND_TOKEN,     /* a grant that is no refresh */
    ENDPOINT_SECOND_REFRESH,
    ENDPOINT_SECOND_DATA,
    ENDPOINT_OTHER, /* what is answered 404 or 405 */
    ENDPOINTS
};

/* The name of its counter: "token_refresh". */
const char *endpoint_name(enum endpoint endpoint);

bool endpoint_is_token(enum endpoint endpoint);

/*
 * Whether pattern stands for endpoint: "any", "token", "token:refresh",
 * "token:device", or the counter's name.
 */
bool endpoint_matches(enum endpoint endpoint, const char *pattern);

/* Whether pattern stands for any endpoint at all. */
bool endpoint_is_pattern(const char *pattern);

#endif
