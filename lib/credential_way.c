/*
 * credential_way.c - where to sign in, and which ways lead there.
 *
 *   the chosen provider ── built in ──► device: account tokens
 *    │                                  browser: an API key
 *    └─ of the configuration: its section, then its metadata, and of what
 *       these offer the way that was asked for
 */
#include "lib/credential.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/credential_parts.h"
#include "lib/oauth/metadata.h"
#include "lib/permit.h"

static int
way_use_builtin(const struct config *config, const char *scope,
                enum credential_way way, struct provider *provider,
                struct error *err)
{
    bool browser = way == WAY_BROWSER;

    if (browser)
        return provider_init_parallel_keys(provider, config->platform_url,
                                           config->service_api_url,
                                           config->api_url, scope, err);
    if (provider_init_parallel(provider, config->platform_url,
                               config->service_api_url, config->api_url,
                               scope ? scope : config->scopes, err) < 0)
        return -1;
    if ((config->client_id &&
         !(provider->client_id = strdup(config->client_id))) ||
        (config->api_key == API_KEY_PROVIDER &&
         provider_use_keys(provider, scope) < 0))
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

/* What the configuration says, and the issuer of itself. */
static int
way_use_section(struct credential *c, const char *scope, int64_t end,
                struct provider *provider, struct error *err)
{
    const struct http_options http = credential_bound(c, end);
    const struct provider_settings *settings =
        config_provider_settings(c->config, c->choice.provider);
    char name[64];

    if (!settings)
        return error_set(err, FAIL_INPUT, "usage",
                         "there is no provider %s in the configuration",
                         text_show(name, sizeof name, c->choice.provider));
    if (provider_init_settings(provider, settings, err) < 0 ||
        config_read_client_secret(provider, err) < 0 ||
        (!provider->token_endpoint &&
         metadata_fetch(&http, provider, err) < 0))
        return -1;
    if (!scope)
        return 0;
    free(provider->scopes);
    provider->scopes = strdup(scope);
    return provider->scopes
               ? 0
               : error_set(err, FAIL_SERVICE, "memory", "out of memory");
}

static int
way_find(struct credential *c, const char *scope, enum credential_way way,
         int64_t end, struct provider *provider, struct error *err)
{
    enum provider_grant grant;

    if (permit_login(c->config, c->choice.provider, scope, way == WAY_BROWSER,
                     err) < 0)
        return -1;
    if (provider_is_builtin(c->choice.provider))
        return way_use_builtin(c->config, scope, way, provider, err);
    if (way_use_section(c, scope, end, provider, err) < 0 ||
        permit_section(c->config, provider, err) < 0)
        return -1;
    grant = way == WAY_BROWSER  ? GRANT_CODE
            : way == WAY_DEVICE ? GRANT_DEVICE
                                : provider_offers(provider);
    return provider_check_grant(provider, grant, err);
}

int
credential_login_provider(struct credential *c, const char *scope,
                          enum credential_way way, int64_t end,
                          struct provider *provider, struct error *err)
{
    *provider = (struct provider){0};
    if (way_find(c, scope, way, end, provider, err) == 0)
        return 0;
    credential_log_trouble(c, NULL, err);
    return -1;
}
