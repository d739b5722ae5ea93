#include "lib/permit.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

void
permit_find_person(struct config *config)
{
    const struct policy *policy = &config->policy;

    /* Seen before it is asked, so that a change meanwhile is noticed. */
    if (policy_asks_groups(policy) &&
        config_watch(config, POLICY_GROUP_FILE) < 0)
        error_set(&config->denied, FAIL_SERVICE, "memory", "out of memory");
    else
        policy_check_person(policy, config->connect_timeout_ms,
                            &config->denied);
}

int
permit_person(const struct config *config, struct error *err)
{
    if (config->denied.failure == FAIL_NONE)
        return 0;
    if (err)
        *err = config->denied;
    return -1;
}

bool
permit_asks_organization(const struct config *config)
{
    return config->policy.list[POLICY_ALLOWED_ORGANIZATIONS].count > 0;
}

/* Whether two addresses have the same origin. A dot at the end of a host is
 * another way to write the same one. */
static bool
permit_is_same_origin(const char *a, const char *b)
{
    char origin[2][URL_ORIGIN_SIZE];
    const char *const text[] = {a, b};
    struct url url;

    for (int i = 0; i < 2; i++) {
        size_t len;

        if (!text[i] || url_parse(&url, text[i], NULL) < 0)
            return false;
        len = strlen(url.host);
        if (len > 1 && url.host[len - 1] == '.')
            url.host[len - 1] = '\0';
        url_origin(&url, origin[i]);
    }
    return strcmp(origin[0], origin[1]) == 0;
}

/* Whether it is an address of Parallel's: the public one, the configured one,
 * or the administrator's, which a person may have configured away. */
static bool
permit_is_parallel(const struct config *config, const char *address)
{
    const char *const own[] = {
        provider_parallel_platform, provider_parallel_service,
        provider_parallel_data,     config->platform_url,
        config->service_api_url,    config->api_url};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (permit_is_same_origin(address, own[i]))
            return true;
    for (size_t i = 0; i < config->addresses.count; i++)
        if (permit_is_same_origin(address, config->addresses.item[i].text))
            return true;
    return false;
}

/* Whether organizations of this provider are Parallel's: it is the built-in
 * one, or a section that gets its tokens there, or takes them there. */
static bool
permit_concerns(const struct config *config, const struct provider_kept *p)
{
    cleanup_free char *hosts = strdup(p->hosts ? p->hosts : "");
    char *rest = hosts, *word;

    if (provider_is_builtin(p->name) || !hosts ||
        permit_is_parallel(config, p->issuer) ||
        permit_is_parallel(config, p->token_endpoint))
        return true;
    while ((word = strsep(&rest, " ")))
        if (permit_is_parallel(config, word))
            return true;
    return false;
}

int
permit_organization(const struct config *config,
                    const struct provider_kept *provider, const char *org_id,
                    const char *org_name, struct error *err)
{
    const struct policy_words *allowed =
        &config->policy.list[POLICY_ALLOWED_ORGANIZATIONS];
    char id[128], name[128];
    bool named = org_id && *org_id;

    if (allowed->count == 0 || (named && policy_find(allowed, org_id)) ||
        !permit_concerns(config, provider))
        return 0;
    text_show(id, sizeof id, org_id);
    text_show(name, sizeof name, org_name);
    return error_set(err, FAIL_AUTH, POLICY_ORGANIZATION,
                     "the administrator's policy does not allow %s%s%s%s%s "
                     "(%s: allowed_organizations)",
                     named ? "the organization "
                           : "an organization that is "
                             "not named",
                     *name && named ? name : "", *name && named ? " (" : "",
                     id, *name && named ? ")" : "", allowed->item[0].origin);
}

int
permit_foreign_key(const struct config *config, struct error *err)
{
    if (!permit_asks_organization(config))
        return 0;
    return error_set(
        err, FAIL_AUTH, POLICY_ORGANIZATION,
        "the API key was not kept: it does not tell its organization, and the "
        "administrator's policy allows some only (%s: allowed_organizations); "
        "run: parallel-credential login",
        config->policy.list[POLICY_ALLOWED_ORGANIZATIONS].item[0].origin);
}

/* ---- what is stored -------------------------------------------------------
 */

static int
permit_refuse_address(struct error *err, const char *is, const char *key,
                      const char *wanted, const char *lock)
{
    char shown[256];

    return error_set(err, FAIL_AUTH, POLICY_LOCKED,
                     "the stored credential is for %s, and the "
                     "administrator's policy locks %s to %s (%s); sign in "
                     "anew: parallel-credential login",
                     text_show(shown, sizeof shown, is), key, wanted, lock);
}

/* One of the addresses of the service. */
static int
permit_address(const struct config *config, enum config_key key,
               const char *wanted, const char *is, struct error *err)
{
    const char *lock = config->origin[key].lock;

    if (!lock || !*is || strcmp(is, wanted) == 0)
        return 0;
    return permit_refuse_address(err, is, config_key_name(key), wanted, lock);
}

/* Of a section that is locked only what that section's issuer has issued. */
static int
permit_provider(const struct config *config, const struct record *r,
                struct error *err)
{
    const char *lock = config_provider_lock(config, r->provider);
    const struct provider_settings *s =
        config_provider_settings(config, r->provider);
    const char *issuer = !s ? NULL : s->issuer ? s->issuer : s->token_endpoint;
    char key[64], shown[64];

    if (!lock || (issuer && strcmp(issuer, r->issuer) == 0))
        return 0;
    text_show(shown, sizeof shown, r->provider);
    text_put(key, sizeof key, text_put(key, sizeof key, 0, "provider."),
             shown);
    return permit_refuse_address(err, r->issuer, key,
                                 issuer ? issuer : "nothing", lock);
}

int
permit_record(const struct config *config, const struct record *r,
              struct error *err)
{
    const struct provider_kept kept = record_kept(r);

    if (permit_person(config, err) < 0 ||
        permit_organization(config, &kept, r->org_id, r->org_name, err) < 0)
        return -1;
    if (!provider_is_builtin(r->provider))
        return permit_provider(config, r, err);
    if (permit_address(config, CONFIG_PLATFORM_URL, config->platform_url,
                       r->issuer, err) < 0 ||
        permit_address(config, CONFIG_SERVICE_API_URL, config->service_api_url,
                       r->service_url, err) < 0 ||
        permit_address(config, CONFIG_API_URL, config->api_url, r->data_url,
                       err) < 0)
        return -1;
    return 0;
}

/* ---- a login --------------------------------------------------------------
 */

/* Each word of scope is one of allowed. */
static int
permit_scope(const char *scope, const char *allowed, const char *lock,
             struct error *err)
{
    char word[128], shown[128];

    if (!scope[strspn(scope, " ")] && *allowed)
        return error_set(err, FAIL_AUTH, POLICY_LOCKED,
                         "--scope: where none is named the service chooses, "
                         "and the administrator's policy does not allow that "
                         "(%s)",
                         lock);
    while (*scope) {
        size_t span = strcspn(scope, " ");

        if (span >= sizeof word)
            return error_set(err, FAIL_INPUT, "usage",
                             "--scope: a word is too long");
        memcpy(word, scope, span);
        word[span] = '\0';
        if (span > 0 && !text_has_word(allowed, word))
            return error_set(err, FAIL_AUTH, POLICY_LOCKED,
                             "--scope: the administrator's policy does not "
                             "allow the scope %s (%s)",
                             text_show(shown, sizeof shown, word), lock);
        scope += span + strspn(scope + span, " ");
    }
    return 0;
}

int
permit_section(const struct config *config, const struct provider *provider,
               struct error *err)
{
    static const enum config_key keys[] = {CONFIG_API_KEY, CONFIG_CLIENT_ID,
                                           CONFIG_SCOPES};
    struct provider_kept kept = provider_keep(provider);

    kept.hosts = NULL; /* where a token is shown is another matter */
    if (provider_is_builtin(provider->name) ||
        !config_provider_is_own(config, provider->name) ||
        !permit_concerns(config, &kept))
        return 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *lock = config->origin[keys[i]].lock;

        if (lock)
            return error_set(err, FAIL_AUTH, POLICY_LOCKED,
                             "[provider %s] gets its tokens at an address of "
                             "Parallel's, and the policy locks %s (%s)",
                             provider->name, config_key_name(keys[i]), lock);
    }
    return 0;
}

int
permit_login(const struct config *config, const char *provider,
             const char *scope, bool web, struct error *err)
{
    const struct config_origin *api_key = &config->origin[CONFIG_API_KEY];
    const char *lock = config->origin[CONFIG_SCOPES].lock;
    const struct provider_settings *s;

    if (!provider_is_builtin(provider)) {
        s = config_provider_settings(config, provider);
        lock = config_provider_lock(config, provider);
        return scope && s && lock
                   ? permit_scope(scope, s->scopes ? s->scopes : "", lock, err)
                   : 0;
    }
    if (web && api_key->lock && config->api_key != API_KEY_PROVIDER)
        return error_set(err, FAIL_AUTH, POLICY_LOCKED,
                         "--web brings an API key, and the administrator's "
                         "policy locks api_key to another way (%s)",
                         api_key->lock);
    /* The scopes of the way to an API key are not what the key is about. */
    if (!scope || !lock || web || config->api_key == API_KEY_PROVIDER)
        return 0;
    return permit_scope(scope, config->scopes, lock, err);
}
