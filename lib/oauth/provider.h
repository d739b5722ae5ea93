/*
 * provider.h - an authorization server, as data.
 *
 * Nothing outside this file knows a provider's name or its addresses. All
 * texts are owned by the struct.
 */
#ifndef PARALLEL_OAUTH_PROVIDER_H
#define PARALLEL_OAUTH_PROVIDER_H

#include <stddef.h>

#include "lib/base/error.h"

enum provider_registration {
    REGISTRATION_NONE,
    REGISTRATION_PARALLEL_JSON /* POST {"client_name","platform"} */
};

enum provider_revocation {
    REVOCATION_NONE,
    REVOCATION_PARALLEL /* form refresh_token, no authentication */
};

struct provider {
    char *name;   /* "parallel" */
    char *issuer; /* the base address; a stored token goes nowhere else */
    char *registration_endpoint;
    char *device_authorization_endpoint;
    char *token_endpoint;
    char *revocation_endpoint;
    enum provider_registration registration;
    enum provider_revocation revocation;
    char *scopes;      /* what a login asks for, blanks between */
    char *service_url; /* the Account API, takes the access token */
    char *data_url;    /* the data API, takes the API key */
    char **token_for;  /* addresses the access token is for, NULL at the end:
                          an origin, or an origin with a path prefix */
    char **key_for;    /* addresses the API key is for */
};

/* Parallel's name and public addresses, the defaults of the
 * configuration. */
extern const char provider_parallel_name[];     /* "parallel" */
extern const char provider_parallel_platform[]; /* https://platform... */
extern const char provider_parallel_service[];
extern const char provider_parallel_data[];
extern const char provider_parallel_scopes[];

/*
 * The built-in provider "parallel" at the three base addresses (each https,
 * or http to loopback; no query; trailing slashes are dropped). For the
 * public addresses key_for also holds the agent surfaces
 * https://task-mcp.parallel.ai and https://search.parallel.ai; for a private
 * platform neither list ever holds a public one, even when service_url or
 * data_url is. token_for is the platform's origin and the
 * Account API's origin with its path and a slash ("https://api.parallel.ai
 * /account/"; without a path the bare origin). key_for is the data API's
 * origin. -1 with FAIL_INPUT that names platform_url, service_api_url or
 * api_url.
 */
int provider_init_parallel(struct provider *p, const char *platform_url,
                           const char *service_url, const char *data_url,
                           const char *scopes, struct error *err);

void provider_release(struct provider *p);

#endif
