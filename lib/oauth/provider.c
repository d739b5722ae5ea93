#include "lib/oauth/provider.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/url.h"

#define PROVIDER_LIST_MAX 4

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
