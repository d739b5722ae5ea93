#include "lib/oauth/provider.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#define PROVIDER_LIST_MAX 32

const char provider_parallel_name[] = "parallel";
const char provider_parallel_platform[] = "https://platform.parallel.ai";
const char provider_parallel_service[] = "https://api.parallel.ai/account";
const char provider_parallel_data[] = "https://api.parallel.ai";
const char provider_parallel_scopes[] =
    "keys:read keys:create keys:delete apps:read balance:read";

/* Hosts that take a key of the public platform, besides the data API. */
static const char *const provider_parallel_agents[] = {
    "https://task-mcp.parallel.ai", "https://search.parallel.ai"};

static void
provider_free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

void
provider_release(struct provider *p)
{
    if (!p)
        return;
    free(p->name);
    free(p->issuer);
    free(p->authorization_endpoint);
    free(p->client_id);
    free(p->client_secret_file);
    free(p->redirect_uri);
    secret_release(&p->client_secret);
    free(p->hosts);
    free(p->registration_endpoint);
    free(p->device_authorization_endpoint);
    free(p->token_endpoint);
    free(p->revocation_endpoint);
    free(p->scopes);
    free(p->service_url);
    free(p->data_url);
    provider_free_list(p->token_for);
    provider_free_list(p->key_for);
    *p = (struct provider){0};
}

/* a and b in one new text; NULL when memory ran out. */
static char *
provider_join(const char *a, const char *b)
{
    char *text = NULL;

    return a && asprintf(&text, "%s%s", a, b) >= 0 ? text : NULL;
}

/*
 * A base address in the one form that is compared and stored: the origin in
 * lower case without the scheme's own port, the path without slashes at the
 * end. origin holds URL_ORIGIN_SIZE bytes.
 */
static int
provider_take_base(const char *text, const char *what, char **base,
                   char *origin, struct error *err)
{
    cleanup_free char *path = NULL;
    struct url url;
    size_t len;

    if (url_require_safe(text, what, err) < 0 ||
        url_parse(&url, text, err) < 0)
        return -1;
    if (strchr(url.path, '?'))
        return error_set(err, FAIL_INPUT, "url",
                         "%s: a base address has no query", what);
    len = strlen(url.path);
    while (len > 0 && url.path[len - 1] == '/')
        len--;
    url_origin(&url, origin);
    path = strndup(url.path, len);
    *base = path ? provider_join(origin, path) : NULL;
    if (!*base)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

static bool
provider_is_public(const char *origin)
{
    static const char *const others[] = {provider_parallel_platform,
                                         provider_parallel_data};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(origin, others[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof provider_parallel_agents /
                               sizeof *provider_parallel_agents;
         i++)
        if (strcmp(origin, provider_parallel_agents[i]) == 0)
            return true;
    return false;
}

/* Appends a copy of text; the list has room for PROVIDER_LIST_MAX. */
static bool
provider_add(char **list, const char *text)
{
    size_t i = 0;

    while (list[i])
        i++;
    if (!text || i >= PROVIDER_LIST_MAX)
        return false;
    list[i] = strdup(text);
    return list[i] != NULL;
}

struct provider_origins {
    char platform[URL_ORIGIN_SIZE];
    char service[URL_ORIGIN_SIZE];
    char data[URL_ORIGIN_SIZE];
};

/*
 * Where the credentials may go. A private platform's never go to a public
 * host, even when the other addresses were left at their defaults.
 */
static bool
provider_fill_lists(struct provider *p, const struct provider_origins *o)
{
    bool public = strcmp(o->platform, provider_parallel_platform) == 0;
    bool agents = public && strcmp(p->data_url, provider_parallel_data) == 0;
    cleanup_free char *service = NULL;

    p->token_for = calloc(PROVIDER_LIST_MAX + 1, sizeof *p->token_for);
    p->key_for = calloc(PROVIDER_LIST_MAX + 1, sizeof *p->key_for);
    service = provider_join(
        p->service_url, strcmp(p->service_url, o->service) == 0 ? "" : "/");
    if (!p->token_for || !p->key_for || !service ||
        !provider_add(p->token_for, o->platform))
        return false;
    if ((public || !provider_is_public(o->service)) &&
        !provider_add(p->token_for, service))
        return false;
    if ((public || !provider_is_public(o->data)) &&
        !provider_add(p->key_for, o->data))
        return false;
    for (size_t i = 0; agents && i < sizeof provider_parallel_agents /
                                         sizeof *provider_parallel_agents;
         i++)
        if (!provider_add(p->key_for, provider_parallel_agents[i]))
            return false;
    return true;
}

static bool
provider_fill_endpoints(struct provider *p, const char *scopes)
{
    p->registration = REGISTRATION_PARALLEL_JSON;
    p->revocation = REVOCATION_PARALLEL;
    p->name = strdup(provider_parallel_name);
    p->scopes = strdup(scopes ? scopes : provider_parallel_scopes);
    p->registration_endpoint =
        provider_join(p->issuer, "/getServiceKeys/register");
    p->device_authorization_endpoint =
        provider_join(p->issuer, "/getServiceKeys/device/code");
    p->token_endpoint = provider_join(p->issuer, "/getServiceKeys/token");
    p->revocation_endpoint =
        provider_join(p->issuer, "/getServiceKeys/token/revoke");
    return p->name && p->scopes && p->registration_endpoint &&
           p->device_authorization_endpoint && p->token_endpoint &&
           p->revocation_endpoint;
}

int
provider_init_parallel(struct provider *p, const char *platform_url,
                       const char *service_url, const char *data_url,
                       const char *scopes, struct error *err)
{
    CLEANUP(provider_release) struct provider fresh = {0};
    struct provider_origins origins;

    *p = (struct provider){0};
    if (provider_take_base(platform_url, "platform_url", &fresh.issuer,
                           origins.platform, err) < 0 ||
        provider_take_base(service_url, "service_api_url", &fresh.service_url,
                           origins.service, err) < 0 ||
        provider_take_base(data_url, "api_url", &fresh.data_url, origins.data,
                           err) < 0)
        return -1;
    if (!provider_fill_endpoints(&fresh, scopes) ||
        !provider_fill_lists(&fresh, &origins))
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    *p = fresh;
    fresh = (struct provider){0};
    return 0;
}

bool
provider_is_builtin(const char *name)
{
    return !name || strcmp(name, provider_parallel_name) == 0;
}

const char *
provider_title(const char *name)
{
    return provider_is_builtin(name) ? "Parallel" : name;
}

/* A copy, or NULL of nothing; *failed when memory ran out. */
static char *
provider_copy(const char *text, bool *failed)
{
    char *copy = text && *text ? strdup(text) : NULL;

    *failed |= text && *text && !copy;
    return copy;
}

/* The addresses of hosts, blanks between, for the access token. */
static bool
provider_fill_hosts(struct provider *p)
{
    cleanup_free char *words = p->hosts ? strdup(p->hosts) : NULL;
    char *rest = words, *word;

    p->token_for = calloc(PROVIDER_LIST_MAX + 1, sizeof *p->token_for);
    p->key_for = calloc(1, sizeof *p->key_for);
    if (!p->token_for || !p->key_for || (p->hosts && !words))
        return false;
    while ((word = strsep(&rest, " ")))
        if (*word && !provider_add(p->token_for, word))
            return false;
    return true;
}

int
provider_init_settings(struct provider *p, const struct provider_settings *s,
                       struct error *err)
{
    const char *issuer = s->issuer ? s->issuer : s->token_endpoint;
    CLEANUP(provider_release) struct provider fresh = {0};
    bool failed = false;

    *p = (struct provider){0};
    if (!issuer)
        return error_set(err, FAIL_INPUT, "config",
                         "[provider %s] needs token_endpoint, or issuer",
                         s->name);
    fresh.name = provider_copy(s->name, &failed);
    fresh.issuer = provider_copy(issuer, &failed);
    fresh.authorization_endpoint =
        provider_copy(s->authorization_endpoint, &failed);
    fresh.registration_endpoint =
        provider_copy(s->registration_endpoint, &failed);
    fresh.device_authorization_endpoint =
        provider_copy(s->device_authorization_endpoint, &failed);
    fresh.token_endpoint = provider_copy(s->token_endpoint, &failed);
    fresh.revocation_endpoint = provider_copy(s->revocation_endpoint, &failed);
    fresh.client_id = provider_copy(s->client_id, &failed);
    fresh.client_secret_file = provider_copy(s->client_secret_file, &failed);
    fresh.redirect_uri = provider_copy(s->redirect_uri, &failed);
    fresh.hosts = provider_copy(s->hosts, &failed);
    fresh.scopes = strdup(s->scopes ? s->scopes : "");
    fresh.service_url = strdup("");
    fresh.data_url = strdup("");
    fresh.grant = s->grant;
    fresh.pkce = s->pkce;
    fresh.registration = s->registration;
    fresh.revocation = s->revocation;
    fresh.authentication = s->authentication;
    fresh.present = s->present;
    if (failed || !fresh.scopes || !fresh.service_url || !fresh.data_url ||
        !provider_fill_hosts(&fresh))
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    *p = fresh;
    fresh = (struct provider){0};
    return 0;
}

/* The section as it was, as far as that was kept. */
static struct provider_settings
provider_kept_settings(const struct provider_kept *kept,
                       const struct provider_settings *now)
{
    struct provider_settings s = now ? *now : (struct provider_settings){0};
    int present = settings_value_of(settings_present_words,
                                    kept->present ? kept->present : "");

    s.name = (char *)kept->name;
    s.issuer = (char *)kept->issuer;
    s.scopes = (char *)kept->scopes;
    s.hosts = (char *)kept->hosts;
    s.present = present < 0 ? PRESENT_BEARER : (enum provider_present)present;
    if (!s.token_endpoint) {
        s.token_endpoint = (char *)kept->token_endpoint;
        if (!s.revocation_endpoint)
            s.revocation_endpoint = (char *)kept->revocation_endpoint;
    }
    return s;
}

int
provider_restore(struct provider *p, const struct provider_kept *kept,
                 const struct provider_settings *settings, struct error *err)
{
    struct provider_settings whole;
    const char *now = NULL;
    char was[256];

    if (provider_is_builtin(kept->name))
        return provider_init_parallel(p, kept->issuer, kept->service_url,
                                      kept->data_url, kept->scopes, err);
    *p = (struct provider){0};
    if (settings)
        now = settings->issuer ? settings->issuer : settings->token_endpoint;
    if (settings && (!now || strcmp(now, kept->issuer) != 0))
        return error_set(err, FAIL_INPUT, "issuer",
                         "[provider %s] of the configuration is not about "
                         "%s, which has issued this credential; it goes "
                         "nowhere else",
                         kept->name, text_show(was, sizeof was, kept->issuer));
    whole = provider_kept_settings(kept, settings);
    return provider_init_settings(p, &whole, err);
}

struct provider_kept
provider_keep(const struct provider *p)
{
    return (struct provider_kept){
        .name = p->name,
        .issuer = p->issuer,
        .service_url = p->service_url,
        .data_url = p->data_url,
        .scopes = p->scopes,
        .token_endpoint =
            provider_is_builtin(p->name) ? NULL : p->token_endpoint,
        .revocation_endpoint =
            provider_is_builtin(p->name) ? NULL : p->revocation_endpoint,
        .hosts = p->hosts,
        .present = p->present == PRESENT_BEARER
                       ? NULL
                       : settings_present_words[p->present]};
}

enum provider_grant
provider_offers(const struct provider *p)
{
    if (p->grant != GRANT_AUTO)
        return p->grant;
    if (!p->device_authorization_endpoint == !p->authorization_endpoint)
        return GRANT_AUTO;
    return p->authorization_endpoint ? GRANT_CODE : GRANT_DEVICE;
}

/* Who registers for each login anew needs no id. */
static const char *
provider_lacks_client(const struct provider *p)
{
    if (p->client_id)
        return NULL;
    if (p->authentication != AUTHENTICATION_NONE)
        return "client_id";
    if (p->registration == REGISTRATION_NONE)
        return "client_id, or registration";
    return p->registration_endpoint ? NULL
                                    : "client_id, or registration_endpoint";
}

int
provider_check_grant(const struct provider *p, enum provider_grant grant,
                     struct error *err)
{
    const char *missing = NULL;

    if (!p->token_endpoint)
        missing = "token_endpoint";
    else if (grant == GRANT_CODE && !p->authorization_endpoint)
        missing = "authorization_endpoint";
    else if (grant == GRANT_DEVICE && !p->device_authorization_endpoint)
        missing = "device_authorization_endpoint";
    else if (grant == GRANT_AUTO && !p->authorization_endpoint &&
             !p->device_authorization_endpoint)
        missing = "device_authorization_endpoint, or authorization_endpoint";
    else
        missing = provider_lacks_client(p);
    if (!missing)
        return 0;
    return error_set(err, FAIL_INPUT, "config", "[provider %s] needs %s",
                     p->name, missing);
}

const char *
provider_iss(const struct provider *p)
{
    bool stands_in =
        p->token_endpoint && strcmp(p->issuer, p->token_endpoint) == 0;

    return stands_in ? NULL : p->issuer;
}

static int
provider_replace(char **slot, char *text)
{
    free(*slot);
    *slot = text;
    return text ? 0 : -1;
}

int
provider_use_keys(struct provider *p, const char *scopes)
{
    p->grants_key = true;
    p->pkce = true;
    p->registration = REGISTRATION_RFC7591;
    return provider_replace(&p->scopes, strdup(scopes ? scopes : "key:read")) |
           provider_replace(&p->authorization_endpoint,
                            provider_join(p->issuer, "/getKeys/authorize")) |
           provider_replace(&p->registration_endpoint,
                            provider_join(p->issuer, "/getKeys/register")) |
           provider_replace(&p->device_authorization_endpoint,
                            provider_join(p->issuer, "/getKeys/device/code")) |
           provider_replace(&p->token_endpoint,
                            provider_join(p->issuer, "/getKeys/token"));
}

const char *
provider_client_key(const struct provider *p)
{
    return p->grants_key ? p->token_endpoint : p->issuer;
}

int
provider_init_parallel_keys(struct provider *p, const char *platform_url,
                            const char *service_url, const char *data_url,
                            const char *scopes, struct error *err)
{
    if (provider_init_parallel(p, platform_url, service_url, data_url, NULL,
                               err) < 0)
        return -1;
    if (provider_use_keys(p, scopes) == 0) {
        p->registration = REGISTRATION_PARALLEL_REDIRECT;
        return 0;
    }
    provider_release(p);
    return error_set(err, FAIL_SERVICE, "memory", "out of memory");
}
