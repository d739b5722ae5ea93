/*
 * config.h - the configuration: compiled-in defaults, the system's file, its
 * drop-ins in name order, the user's own file, the environment; later wins.
 *
 * The files are read strictly. Whatever is wrong in one of them is an error
 * that names file and line, and nothing goes on with half a configuration.
 */
#ifndef PARALLEL_CONFIG_H
#define PARALLEL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/journal.h"
#include "lib/base/place.h"
#include "lib/config_value.h"
#include "lib/oauth/provider.h"
#include "lib/policy.h"
#include "lib/wrap/http.h"

/* Every key has a number, in the order of the table in config.c. */
enum config_key {
    CONFIG_API_KEY,
    CONFIG_API_KEY_APP,
    CONFIG_API_URL,
    CONFIG_CA_DIRECTORY,
    CONFIG_CA_FILE,
    CONFIG_CLIENT_ID,
    CONFIG_CONNECT_TIMEOUT,
    CONFIG_EXPORT_ENVIRONMENT,
    CONFIG_KEYRING_TIMEOUT,
    CONFIG_LOCK_TIMEOUT,
    CONFIG_LOG,
    CONFIG_LOGOUT,
    CONFIG_PLATFORM_URL,
    CONFIG_PROMPT_BACKOFF,
    CONFIG_PROXY,
    CONFIG_SCOPES,
    CONFIG_SERVICE_API_URL,
    CONFIG_STORE,
    CONFIG_TIMEOUT,
    CONFIG_KEYS
};

/* Where the value of a key came from: "FILE:LINE", a variable, "default". */
struct config_origin {
    char *text;
    bool file;  /* a file */
    char *lock; /* "FILE:LINE" of the policy that forbids the user's file and
                   environment, or NULL */
};

/* A file or folder that was looked at, and what was seen there. */
struct config_seen {
    char *path;
    bool present;
    struct stat st;
};

/* A section [provider NAME], put together from all files; config_provider.c
 * has the table of its keys. */
#define CONFIG_PROVIDER_KEYS 17

struct config_provider {
    struct provider_settings settings;
    struct config_origin origin[CONFIG_PROVIDER_KEYS];
    bool own; /* the person's file has a say in it */
};

/* Who hears of each mistake, instead of the first one ending it all. */
struct config_audit {
    void (*hear)(void *context, const struct error *mistake);
    void *context;
};

struct config {
    char *platform_url, *service_api_url, *api_url; /* no slash at the end */
    char *fixed_issuer; /* platform_url as a file says it, or NULL */
    char *client_id;    /* NULL: register */
    char *scopes;
    enum store_kind store;
    enum api_key_source api_key;
    char *api_key_app; /* the name of the app that keys are made for */
    bool export_environment;
    enum logout_mode logout;
    int64_t connect_timeout_ms, timeout_ms, lock_timeout_ms;
    int64_t keyring_timeout_ms, prompt_backoff_ms;
    char *proxy;        /* NULL: the environment's; "": none */
    char *ca_file;      /* NULL: the system's */
    char *ca_directory; /* NULL: the system's */
    enum journal_level log;
    struct config_origin origin[CONFIG_KEYS];
    struct config_provider *provider;
    size_t provider_count;
    struct policy_words locked_providers; /* names, or "*" for all */
    struct policy_words addresses;        /* of the service, as the system's
                                             files have them */
    struct policy policy;
    struct error denied; /* why this person is not to be connected, or no
                            failure: permit.h */
    struct config_seen *seen;
    size_t seen_count;
    const struct config_audit *audit; /* NULL but while it is read */
};

/*
 * Read everything. system_file is the system's file; its drop-ins lie in
 * system_file with ".d" behind it. 0, or -1 with FAIL_INPUT "config"; the
 * configuration is then empty.
 */
int config_load(struct config *config, const char *system_file,
                const struct place *place, struct error *err);

/*
 * The same for `doctor`, which goes on with what is right: audit hears of all
 * that is wrong, though of a line that is none only the first in a file. -1
 * only when memory ran out.
 */
int config_audit(struct config *config, const char *system_file,
                 const struct place *place, const struct config_audit *audit,
                 struct error *err);

void config_release(struct config *config);

/*
 * Remember how a file looks now, on which something depends that is read from
 * here on: a session cache is good only as long as it stays so. 0, or -1
 * without memory.
 */
int config_watch(struct config *config, const char *path);

/* Times and trust for every exchange; points into the configuration. */
struct http_options config_http(const struct config *config);

/* The issuer that a file or a variable chooses, or NULL: then any credential
 * will do. */
const char *config_issuer(const struct config *config);

/* The line that locks [provider NAME], or NULL. */
const char *config_provider_lock(const struct config *config,
                                 const char *name);

/* What the section of that name says, or NULL when there is none. */
const struct provider_settings *
config_provider_settings(const struct config *config, const char *name);

/* Whether the person's own file has a say in that section. */
bool config_provider_is_own(const struct config *config, const char *name);

/* The built-in provider at the configured addresses, in the shape of what is
 * kept of one; points into the configuration. */
struct provider_kept config_builtin(const struct config *config);

/*
 * Read the secret of provider from its client_secret_file, if it needs one:
 * the user's own with 0600, or root's with 0640 at most; no symbolic link;
 * one line of at most 1,024 visible ASCII characters. -1 with FAIL_INPUT
 * "client_secret_file" that names the file.
 */
int config_read_client_secret(struct provider *provider, struct error *err);

/* The name of a key, its value as text (owned by the caller; NULL when
 * unset), for `config` and `doctor`. */
const char *config_key_name(enum config_key key);
char *config_key_value(const struct config *config, enum config_key key);
/* The same of a section; key counts to CONFIG_PROVIDER_KEYS. */
const char *config_provider_key_name(int key);
char *config_provider_value(const struct config_provider *provider, int key);

#endif
