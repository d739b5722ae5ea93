/*
 * config_provider.c - the sections [provider NAME] of the configuration.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/config_parts.h"

#define PROVIDER_SECTION    "provider "
#define PROVIDER_LOCK       "provider."
#define PROVIDER_SECRET_MAX 1024

struct provider_spec {
    const char *name;
    enum config_type type;
    size_t offset;
    const char *standard;
};

#define AT(member) offsetof(struct provider_settings, member)

/* Sorted. */
static const struct provider_spec provider_specs[CONFIG_PROVIDER_KEYS] = {
    {"authorization_endpoint", TYPE_ENDPOINT, AT(authorization_endpoint),
     NULL},
    {"client_id", TYPE_CLIENT, AT(client_id), NULL},
    {"client_secret_file", TYPE_PATH, AT(client_secret_file), NULL},
    {"device_authorization_endpoint", TYPE_ENDPOINT,
     AT(device_authorization_endpoint), NULL},
    {"grant", TYPE_GRANT, AT(grant), "auto"},
    {"hosts", TYPE_HOSTS, AT(hosts), NULL},
    {"issuer", TYPE_ISSUER, AT(issuer), NULL},
    {"pkce", TYPE_BOOLEAN, AT(pkce), "yes"},
    {"present", TYPE_PRESENT, AT(present), "bearer"},
    {"redirect_uri", TYPE_REDIRECT, AT(redirect_uri), NULL},
    {"registration", TYPE_REGISTRATION, AT(registration), "none"},
    {"registration_endpoint", TYPE_ENDPOINT, AT(registration_endpoint), NULL},
    {"revocation", TYPE_REVOCATION, AT(revocation), "none"},
    {"revocation_endpoint", TYPE_ENDPOINT, AT(revocation_endpoint), NULL},
    {"scopes", TYPE_SCOPES, AT(scopes), NULL},
    {"token_endpoint", TYPE_ENDPOINT, AT(token_endpoint), NULL},
    {"token_endpoint_auth_method", TYPE_AUTHENTICATION, AT(authentication),
     "none"},
};

static int
provider_key(const char *name)
{
    for (int i = 0; i < CONFIG_PROVIDER_KEYS; i++)
        if (strcmp(provider_specs[i].name, name) == 0)
            return i;
    return -1;
}

static int
provider_put(struct config_provider *p, int key, const char *value,
             struct error *err)
{
    const struct provider_spec *spec = &provider_specs[key];

    return config_value_set((char *)&p->settings + spec->offset, spec->type,
                            spec->name, value, err);
}

bool
config_is_provider(const char *section)
{
    return strcmp(section, "provider") == 0 ||
           text_starts_with(section, PROVIDER_SECTION);
}

static struct config_provider *
provider_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->provider_count; i++)
        if (strcmp(config->provider[i].settings.name, name) == 0)
            return &config->provider[i];
    return NULL;
}

static struct config_provider *
provider_add(struct config *config, const char *name)
{
    struct config_provider *grown =
        realloc(config->provider,
                (config->provider_count + 1) * sizeof *config->provider);
    struct config_provider *p;

    if (!grown)
        return NULL;
    config->provider = grown;
    p = &grown[config->provider_count];
    *p = (struct config_provider){0};
    p->settings.name = strdup(name);
    if (!p->settings.name)
        return NULL;
    config->provider_count++;
    for (int key = 0; key < CONFIG_PROVIDER_KEYS; key++)
        if (config_set_origin(&p->origin[key], "default", 0) < 0 ||
            (provider_specs[key].standard &&
             provider_put(p, key, provider_specs[key].standard, NULL) < 0))
            return NULL;
    return p;
}

int
config_lock_provider(struct config *config, const char *word, const char *file,
                     int line)
{
    const char *name = word + strlen(PROVIDER_LOCK);

    if (!text_starts_with(word, PROVIDER_LOCK))
        return 0;
    return policy_add_word(&config->locked_providers, name, strlen(name), file,
                           line) < 0
               ? -1
               : 1;
}

const char *
config_provider_lock(const struct config *config, const char *name)
{
    const char *origin = policy_find(&config->locked_providers, name);

    return origin ? origin : policy_find(&config->locked_providers, "*");
}

int
config_handle_provider(struct config *config, const char *section,
                       const char *name, const char *value, const char *file,
                       int line, bool system, struct error *err)
{
    const char *of = section + strlen("provider");
    struct config_provider *p;
    int key = provider_key(name);

    of += strspn(of, " ");
    if (!settings_name_is_free(of))
        return error_set(err, FAIL_INPUT, "config",
                         "[%s]: a provider needs a name of small letters, "
                         "digits and hyphens that starts with no hyphen and "
                         "does not stand for something else",
                         section);
    if (key < 0)
        return error_set(err, FAIL_INPUT, "config",
                         "unknown key \"%s\" in [%s]", name, section);
    if (!system && config_provider_lock(config, of))
        return error_set(err, FAIL_INPUT, "config",
                         "[%s] is locked by the administrator's policy (%s)",
                         section, config_provider_lock(config, of));
    p = provider_find(config, of);
    if (!p)
        p = provider_add(config, of);
    if (!p)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (provider_put(p, key, value, err) < 0)
        return -1;
    p->own |= !system;
    return config_set_origin(&p->origin[key], file, line);
}

static bool
provider_has(const struct config_provider *p, const char *key)
{
    return p->origin[provider_key(key)].file;
}

/* With an issuer alone, its metadata tell what there is. */
static void
provider_fill(struct config_provider *p)
{
    struct provider_settings *s = &p->settings;
    bool discovered = !s->token_endpoint;

    if (!provider_has(p, "registration") &&
        (discovered || s->registration_endpoint))
        s->registration = REGISTRATION_RFC7591;
    if (!provider_has(p, "revocation") &&
        (discovered || s->revocation_endpoint))
        s->revocation = REVOCATION_RFC7009;
    if (!provider_has(p, "token_endpoint_auth_method") &&
        s->client_secret_file)
        s->authentication = AUTHENTICATION_BASIC;
}

static int
provider_refuse(const struct config_provider *p, const char *key,
                const char *what, struct error *err)
{
    return error_set(err, FAIL_INPUT, "config", "%s: %s: %s",
                     p->origin[provider_key(key)].text, key, what);
}

static int
provider_check(const struct config *config, const struct config_provider *p,
               struct error *err)
{
    const struct provider_settings *s = &p->settings;

    if (s->authentication == AUTHENTICATION_NONE && s->client_secret_file)
        return provider_refuse(p, "client_secret_file",
                               "is of no use with token_endpoint_auth_method "
                               "= none",
                               err);
    if (s->authentication != AUTHENTICATION_NONE && !s->client_secret_file)
        return provider_refuse(p, "token_endpoint_auth_method",
                               "needs client_secret_file", err);
    for (const struct config_provider *other = config->provider; other < p;
         other++)
        if (s->issuer && other->settings.issuer &&
            strcmp(s->issuer, other->settings.issuer) == 0)
            return provider_refuse(p, "issuer", "another provider has it, too",
                                   err);
    return 0;
}

int
config_finish_providers(struct config *config, struct error *err)
{
    for (size_t i = 0; i < config->provider_count; i++)
        provider_fill(&config->provider[i]);
    for (size_t i = 0; i < config->provider_count; i++)
        if (provider_check(config, &config->provider[i], err) < 0)
            return -1;
    return 0;
}

void
config_release_providers(struct config *config)
{
    for (size_t i = 0; i < config->provider_count; i++) {
        for (int key = 0; key < CONFIG_PROVIDER_KEYS; key++)
            free(config->provider[i].origin[key].text);
        settings_release(&config->provider[i].settings);
    }
    free(config->provider);
    policy_release_words(&config->locked_providers);
}

const struct provider_settings *
config_provider_settings(const struct config *config, const char *name)
{
    const struct config_provider *p = provider_find(config, name);

    return p ? &p->settings : NULL;
}

bool
config_provider_is_own(const struct config *config, const char *name)
{
    const struct config_provider *p = provider_find(config, name);

    return p && p->own;
}

const char *
config_provider_key_name(int key)
{
    return provider_specs[key].name;
}

char *
config_provider_value(const struct config_provider *p, int key)
{
    const struct provider_spec *spec = &provider_specs[key];

    return config_value_text((const char *)&p->settings + spec->offset,
                             spec->type);
}

/* ---- the secret ---------------------------------------------------------
 */

static int
secret_refuse(struct error *err, const char *path, const char *what)
{
    return error_set(err, FAIL_INPUT, "client_secret_file", "%s %s", path,
                     what);
}

static int
secret_check_file(const struct stat *st, const char *path, struct error *err)
{
    mode_t mode = st->st_mode & 07777;

    if (!S_ISREG(st->st_mode))
        return secret_refuse(err, path, "is not a regular file");
    if (st->st_uid == 0 && (mode & 0037) == 0)
        return 0;
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return secret_refuse(err, path, "belongs neither to root nor to you");
    if (st->st_uid == 0 && geteuid() != 0)
        return error_set(err, FAIL_INPUT, "client_secret_file",
                         "%s may be read by others or written by its group; "
                         "mend it with: chmod 640 %s",
                         path, path);
    if (mode & 0077)
        return error_set(
            err, FAIL_INPUT, "client_secret_file",
            "%s may be read by others; mend it with: chmod 600 %s", path,
            path);
    return 0;
}

/* One line; the end of it does not belong to the secret. */
static int
secret_take(struct secret *text, const char *path, struct error *err)
{
    while (text->len > 0 && (text->data[text->len - 1] == '\n' ||
                             text->data[text->len - 1] == '\r'))
        text->data[--text->len] = '\0';
    if (text->len == 0 || text->len > PROVIDER_SECRET_MAX)
        return secret_refuse(err, path,
                             "holds no secret of at most 1024 characters");
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] < ' ' || text->data[i] > '~')
            return secret_refuse(err, path,
                                 "holds more than one line of visible "
                                 "ASCII characters");
    return 0;
}

int
config_read_client_secret(struct provider *provider, struct error *err)
{
    const char *path = provider->client_secret_file;
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    cleanup_close int fd = -1;
    struct stat st;
    ssize_t n;

    if (!path || provider->authentication == AUTHENTICATION_NONE)
        return 0;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return secret_refuse(err, path, "is a symbolic link");
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_errno(err, FAIL_INPUT, "client_secret_file",
                           "cannot read %s", path);
    if (secret_check_file(&st, path, err) < 0)
        return -1;
    if (secret_reserve(&text, PROVIDER_SECRET_MAX + 3) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    do {
        n = read(fd, text.data + text.len, PROVIDER_SECRET_MAX + 3 - text.len);
        if (n > 0)
            text.len += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    text.data[text.len] = '\0';
    if (n < 0)
        return error_errno(err, FAIL_INPUT, "client_secret_file",
                           "cannot read %s", path);
    if (secret_take(&text, path, err) < 0)
        return -1;
    secret_move(&provider->client_secret, &text);
    return 0;
}
