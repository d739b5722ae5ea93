/*
 * provider.h - an authorization server, as data.
 *
 * Nothing outside this file knows a provider's name or its addresses. All
 * texts are owned by the struct.
 */
#ifndef PARALLEL_OAUTH_PROVIDER_H
#define PARALLEL_OAUTH_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/oauth/settings.h"

struct provider {
    char *name;   /* "parallel", or of the configuration's [provider NAME] */
    char *issuer; /* who issues; a stored token goes nowhere else */
    char *authorization_endpoint; /* of these any may be NULL */
    char *registration_endpoint;
    char *device_authorization_endpoint;
    char *token_endpoint;
    char *revocation_endpoint;
    enum provider_grant grant;
    bool pkce;
    bool iss_required; /* an answer in a browser names its issuer (RFC 9207) */
    char *redirect_uri; /* NULL: a free port of the loopback address */
    enum provider_registration registration;
    enum provider_revocation revocation;
    enum provider_authentication authentication;
    char *client_id;             /* NULL: register */
    char *client_secret_file;    /* NULL: none */
    struct secret client_secret; /* read from there by whoever needs it */
    char *scopes;      /* what a login asks for, blanks between; or "" */
    char *service_url; /* the Account API, takes the access token; or "" */
    char *data_url;    /* the data API, takes the API key; or "" */
    char *hosts;       /* of the configuration; NULL for the built-in one */
    enum provider_present present;
    bool grants_key;  /* its access token is an API key: provider_use_keys() */
    char **token_for; /* addresses the access token is for, NULL at the end:
                         an origin, or an origin with a path prefix */
    char **key_for;   /* addresses the API key is for */
};

/* What a record and a pending code keep of a provider; not owned. name NULL
 * stands for the built-in one, any other may be NULL or "" where there is
 * none. */
struct provider_kept {
    const char *name, *issuer;
    const char *service_url, *data_url, *scopes;
    const char *token_endpoint, *revocation_endpoint;
    const char *hosts, *present;
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

/*
 * Make the built-in provider the other one at the same issuer: an OAuth
 * provider whose access token is an API key. scopes NULL: its own. Revocation
 * stays as it was, for what such a login replaces. 0, or -1 without memory;
 * p is then to be released.
 */
int provider_use_keys(struct provider *p, const char *scopes);

/* Under what the client id that is registered there is kept. */
const char *provider_client_key(const struct provider *p);

/* Whether name (NULL: no other was named) is the built-in provider's. */
bool provider_is_builtin(const char *name);

/* What a person calls it. */
const char *provider_title(const char *name);

/*
 * A provider of the configuration. Endpoints that are not set stay NULL; with
 * no token_endpoint they are for the issuer's metadata to tell. Without an
 * issuer the token endpoint stands for it. -1 with FAIL_INPUT "config" when
 * there is neither.
 */
int provider_init_settings(struct provider *p,
                           const struct provider_settings *settings,
                           struct error *err);

/*
 * The provider of something that is kept. Its issuer is the one that was
 * kept, and so are its addresses. settings, the section of that name now, or
 * NULL, tells the rest; endpoints that it does not tell are those that were
 * kept. -1 with FAIL_INPUT "issuer" when it is about another issuer.
 */
int provider_restore(struct provider *p, const struct provider_kept *kept,
                     const struct provider_settings *settings,
                     struct error *err);

/* What is to be kept of p; points into it. */
struct provider_kept provider_keep(const struct provider *p);

/* The grants that p is set to and has the addresses for; GRANT_AUTO: either,
 * or none at all. */
enum provider_grant provider_offers(const struct provider *p);

/* Whether a login by this grant can be made with what is known; else -1 with
 * FAIL_INPUT "config" that names the section and the key that is missing. */
int provider_check_grant(const struct provider *p, enum provider_grant grant,
                         struct error *err);

/* The issuer that an answer in a browser may name, or NULL: p has no issuer
 * but the token endpoint that stands for one. */
const char *provider_iss(const struct provider *p);

/*
 * Parallel's other way in, its OAuth provider: a login in a browser brings an
 * API key instead of account tokens (scope key:read). The same issuer and
 * addresses as above. scopes NULL: its own.
 */
int provider_init_parallel_keys(struct provider *p, const char *platform_url,
                                const char *service_url, const char *data_url,
                                const char *scopes, struct error *err);

void provider_release(struct provider *p);

#endif
