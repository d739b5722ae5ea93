#include "tests/platform/endpoint.h"

#include <string.h>

static const char *const names[ENDPOINTS] = {
    [ENDPOINT_REGISTER] = "register",
    [ENDPOINT_CODE] = "code",
    [ENDPOINT_TOKEN_DEVICE] = "token_device",
    [ENDPOINT_TOKEN_REFRESH] = "token_refresh",
    [ENDPOINT_TOKEN_OTHER] = "token_other",
    [ENDPOINT_REVOKE] = "revoke",
    [ENDPOINT_APPS] = "apps",
    [ENDPOINT_KEYS] = "keys",
    [ENDPOINT_BALANCE] = "balance",
    [ENDPOINT_DATA] = "data",
    [ENDPOINT_PAGE] = "page",
    [ENDPOINT_METADATA] = "metadata",
    [ENDPOINT_AUTHORIZE] = "authorize",
    [ENDPOINT_KEYS_TOKEN] = "keys-token",
    [ENDPOINT_KEYS_REGISTER] = "keys-register",
    [ENDPOINT_KEYS_CODE] = "keys-code",
    [ENDPOINT_SECOND_AUTHORIZE] = "second-authorize",
    [ENDPOINT_SECOND_TOKEN] = "second-token",
    [ENDPOINT_SECOND_REFRESH] = "second-refresh",
    [ENDPOINT_SECOND_DATA] = "second-data",
    [ENDPOINT_OTHER] = "other",
};

const char *
endpoint_name(enum endpoint endpoint)
{
    return names[endpoint];
}

bool
endpoint_is_token(enum endpoint endpoint)
{
    return endpoint == ENDPOINT_TOKEN_DEVICE ||
           endpoint == ENDPOINT_TOKEN_REFRESH ||
           endpoint == ENDPOINT_TOKEN_OTHER;
}

bool
endpoint_matches(enum endpoint endpoint, const char *pattern)
{
    if (strcmp(pattern, "any") == 0)
        return true;
    if (strcmp(pattern, "token") == 0)
        return endpoint_is_token(endpoint);
    if (strcmp(pattern, "token:refresh") == 0)
        return endpoint == ENDPOINT_TOKEN_REFRESH;
    if (strcmp(pattern, "token:device") == 0)
        return endpoint == ENDPOINT_TOKEN_DEVICE;
    return strcmp(pattern, names[endpoint]) == 0;
}

bool
endpoint_is_pattern(const char *pattern)
{
    for (int i = 0; i < ENDPOINTS; i++)
        if (endpoint_matches((enum endpoint)i, pattern))
            return true;
    return false;
}
