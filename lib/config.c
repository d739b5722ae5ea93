#include "lib/config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/config_parts.h"
#include "lib/config_value.h"
#include "lib/oauth/provider.h"

struct config_spec {
    const char *name;
    enum config_type type;
    size_t offset;
    const char *standard;
    const char *variable; /* of the environment, or NULL */
};

#define AT(member) offsetof(struct config, member)

/* Sorted, in the order of enum config_key. */
static const struct config_spec config_specs[CONFIG_KEYS] = {
    {"api_key", TYPE_API_KEY, AT(api_key), "account", NULL},
    {"api_key_app", TYPE_SCOPES, AT(api_key_app), "parallel-cli Users", NULL},
    {"api_url", TYPE_URL, AT(api_url), provider_parallel_data,
     "PARALLEL_API_URL"},
    {"ca_directory", TYPE_PATH, AT(ca_directory), NULL, NULL},
    {"ca_file", TYPE_PATH, AT(ca_file), NULL, NULL},
    {"client_id", TYPE_TEXT, AT(client_id), NULL, NULL},
    {"connect_timeout", TYPE_DURATION, AT(connect_timeout_ms), "3s", NULL},
    {"export_environment", TYPE_BOOLEAN, AT(export_environment), "yes", NULL},
    {"keyring_timeout", TYPE_DURATION, AT(keyring_timeout_ms), "1.5s", NULL},
    {"lock_timeout", TYPE_DURATION, AT(lock_timeout_ms), "30s", NULL},
    {"log", TYPE_LOG, AT(log), "notice", NULL},
    {"logout", TYPE_LOGOUT, AT(logout), "keep", NULL},
    {"platform_url", TYPE_URL, AT(platform_url), provider_parallel_platform,
     "PARALLEL_PLATFORM_URL"},
    {"prompt_backoff", TYPE_DURATION, AT(prompt_backoff_ms), "1h", NULL},
    {"proxy", TYPE_PROXY, AT(proxy), NULL, NULL},
    {"scopes", TYPE_SCOPES, AT(scopes), provider_parallel_scopes, NULL},
    {"service_api_url", TYPE_URL, AT(service_api_url),
     provider_parallel_service, "PARALLEL_SERVICE_API_URL"},
    {"store", TYPE_STORE, AT(store), "auto", NULL},
    {"timeout", TYPE_DURATION, AT(timeout_ms), "30s", NULL},
};

const char *
config_key_name(enum config_key key)
{
    return config_specs[key].name;
}

static int
config_find(const char *name)
{
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(config_specs[i].name, name) == 0)
            return i;
    return -1;
}

static int
config_put(struct config *config, const struct config_spec *spec,
           const char *value, struct error *err)
{
    return config_value_set((char *)config + spec->offset, spec->type,
                            spec->name, value, err);
}

int
config_set_origin(struct config_origin *origin, const char *file, int line)
{
    free(origin->text);
    origin->file = line > 0;
    if (line <= 0) {
        origin->text = strdup(file);
    } else if (asprintf(&origin->text, "%s:%d", file, line) < 0) {
        origin->text = NULL;
    }
    return origin->text ? 0 : -1;
}

/* The first line that locks a key is the one to be named. */
static int
config_lock_key(struct config_origin *origin, const char *file, int line)
{
    if (!origin->lock && asprintf(&origin->lock, "%s:%d", file, line) < 0)
        origin->lock = NULL;
    return origin->lock ? 1 : -1;
}

/* Each of the two adds to what the other one trusts: both, then. */
static int
config_lock(struct config *config, int key, const char *file, int line)
{
    int other = key == CONFIG_CA_FILE        ? CONFIG_CA_DIRECTORY
                : key == CONFIG_CA_DIRECTORY ? CONFIG_CA_FILE
                                             : key;

    if (config_lock_key(&config->origin[key], file, line) < 0)
        return -1;
    return config_lock_key(&config->origin[other], file, line);
}

/* locked_keys = platform_url scopes */
static int
config_lock_keys(const struct config_reading *reading, const char *list,
                 int line, struct error *err)
{
    struct config *config = reading->config;
    char word[64];

    while (*list) {
        size_t span = strcspn(list, " ,");
        int key, result = 0;

        if (span >= sizeof word)
            return error_set(err, FAIL_INPUT, "config",
                             "locked_keys: there is no key of %zu letters",
                             span);
        if (span > 0) {
            memcpy(word, list, span);
            word[span] = '\0';
            key = config_find(word);
            result = key >= 0 ? config_lock(config, key, reading->file, line)
                              : config_lock_provider(config, word,
                                                     reading->file, line);
            if (result == 0)
                return error_set(err, FAIL_INPUT, "config",
                                 "locked_keys: there is no key \"%s\"", word);
        }
        if (result < 0)
            return error_set(err, FAIL_SERVICE, "memory", "out of memory");
        list += span + strspn(list + span, " ,");
    }
    return 0;
}

static int
config_handle_policy(const struct config_reading *reading, const char *name,
                     const char *value, int line, struct error *err)
{
    int known;

    if (!reading->system)
        return error_set(err, FAIL_INPUT, "config",
                         "[policy] is for the system's files only");
    if (strcmp(name, "locked_keys") == 0)
        return config_lock_keys(reading, value, line, err);
    known = policy_set(&reading->config->policy, name, value, reading->file,
                       line, err);
    if (known != 0)
        return known < 0 ? -1 : 0;
    return error_set(err, FAIL_INPUT, "config",
                     "unknown key \"%s\" in [policy]", name);
}

static int
config_handle_key(const struct config_reading *reading, const char *section,
                  const char *name, const char *value, int line,
                  struct error *err)
{
    struct config *config = reading->config;
    int key;

    if (strcmp(section, "policy") == 0)
        return config_handle_policy(reading, name, value, line, err);
    if (config_is_provider(section))
        return config_handle_provider(config, section, name, value,
                                      reading->file, line, reading->system,
                                      err);
    if (*section)
        return error_set(err, FAIL_INPUT, "config", "unknown section [%s]",
                         section);
    key = config_find(name);
    if (key < 0 && strcmp(name, "locked_keys") == 0)
        return error_set(err, FAIL_INPUT, "config",
                         "locked_keys stands in the section [policy]");
    if (key < 0)
        return error_set(err, FAIL_INPUT, "config", "unknown key \"%s\"",
                         name);
    if (config->origin[key].lock && !reading->system)
        return error_set(err, FAIL_INPUT, "config",
                         "%s is locked by the administrator's policy (%s)",
                         name, config->origin[key].lock);
    if (config_put(config, &config_specs[key], value, err) < 0)
        return -1;
    /* Those with a variable are the addresses of the service. */
    if (reading->system && config_specs[key].variable &&
        policy_add_word(&config->addresses, value, strlen(value),
                        reading->file, line) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return config_set_origin(&config->origin[key], reading->file, line);
}

int
config_pass(const struct config *config, int result, struct error *err)
{
    if (result >= 0 || !config->audit || err->failure != FAIL_INPUT)
        return result;
    config->audit->hear(config->audit->context, err);
    error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

int
config_handle(void *context, const char *section, const char *name,
              const char *value, int line, struct error *err)
{
    const struct config_reading *reading = context;
    int result = config_handle_key(reading, section, name, value, line, err);

    if (result < 0 && reading->config->audit)
        error_context(err, "%s:%d", reading->file, line);
    return config_pass(reading->config, result, err);
}

static int
config_read_variable(struct config *config, int key, struct error *err)
{
    const struct config_spec *spec = &config_specs[key];
    const char *value = spec->variable ? getenv(spec->variable) : NULL;

    if (!value || !*value || config->origin[key].lock)
        return 0;
    if (config_put(config, spec, value, err) < 0)
        return error_context(err, "the variable %s", spec->variable);
    return config_set_origin(&config->origin[key], spec->variable, 0);
}

static int
config_read_environment(struct config *config, struct error *err)
{
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (config_pass(config, config_read_variable(config, i, err), err) < 0)
            return -1;
    return 0;
}

static int
config_set_defaults(struct config *config, struct error *err)
{
    for (int i = 0; i < CONFIG_KEYS; i++) {
        const struct config_spec *spec = &config_specs[i];

        if (spec->standard &&
            config_put(config, spec, spec->standard, err) < 0)
            return -1;
        if (config_set_origin(&config->origin[i], "default", 0) < 0)
            return -1;
    }
    return 0;
}

static int
config_read_all(struct config *config, const char *system_file,
                const struct place *place, struct error *err)
{
    if (config_set_defaults(config, err) < 0 ||
        config_read_files(config, system_file, place, err) < 0 ||
        config_pass(config, config_finish_providers(config, err), err) < 0)
        return -1;
    if ((config->origin[CONFIG_PLATFORM_URL].file ||
         config->origin[CONFIG_PLATFORM_URL].lock) &&
        !(config->fixed_issuer = strdup(config->platform_url)))
        return -1;
    return config_read_environment(config, err);
}

int
config_load(struct config *config, const char *system_file,
            const struct place *place, struct error *err)
{
    return config_audit(config, system_file, place, NULL, err);
}

int
config_audit(struct config *config, const char *system_file,
             const struct place *place, const struct config_audit *audit,
             struct error *err)
{
    *config = (struct config){.audit = audit};
    error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (config_read_all(config, system_file, place, err) < 0) {
        config_release(config);
        return -1;
    }
    *err = (struct error)ERROR_INIT;
    config->audit = NULL;
    return 0;
}

void
config_release(struct config *config)
{
    free(config->platform_url);
    free(config->service_api_url);
    free(config->api_url);
    free(config->fixed_issuer);
    free(config->client_id);
    free(config->api_key_app);
    free(config->scopes);
    free(config->proxy);
    free(config->ca_file);
    free(config->ca_directory);
    for (int i = 0; i < CONFIG_KEYS; i++) {
        free(config->origin[i].text);
        free(config->origin[i].lock);
    }
    config_release_providers(config);
    policy_release_words(&config->addresses);
    policy_release(&config->policy);
    for (size_t i = 0; i < config->seen_count; i++)
        free(config->seen[i].path);
    free(config->seen);
    memset(config, 0, sizeof *config);
}

struct http_options
config_http(const struct config *config)
{
    bool fixed = config->origin[CONFIG_PROXY].lock != NULL;

    return (struct http_options){
        .connect_timeout_ms = config->connect_timeout_ms,
        .timeout_ms = config->timeout_ms,
        .proxy = fixed && !config->proxy ? "" : config->proxy,
        .proxy_fixed = fixed,
        .ca_file = config->ca_file,
        .ca_directory = config->ca_directory};
}

const char *
config_issuer(const struct config *config)
{
    const struct config_origin *origin = &config->origin[CONFIG_PLATFORM_URL];

    return origin->lock || strcmp(origin->text, "default") != 0
               ? config->platform_url
               : NULL;
}

char *
config_key_value(const struct config *config, enum config_key key)
{
    const struct config_spec *spec = &config_specs[key];

    return config_value_text((const char *)config + spec->offset, spec->type);
}

struct provider_kept
config_builtin(const struct config *config)
{
    return (struct provider_kept){.issuer = config->platform_url,
                                  .service_url = config->service_api_url,
                                  .data_url = config->api_url,
                                  .scopes = config->scopes};
}
