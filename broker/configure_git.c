/*
 * configure_git.c - git's configuration for Parallel's addresses: for each
 *
 *     [credential "https://api.parallel.ai"]
 *             helper =                      no other helper is asked,
 *             helper = /usr/bin/git-credential-parallel       but we are,
 *             useHttpPath = true            and told the path
 *
 * The helper is named by its path, which saves git a program in between, and
 * quoted as a shell wants it, which is what git hands it to.
 */
#include "broker/broker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/git.h"
#include "lib/base/cleanup.h"
#include "lib/base/shell.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#define CONFIGURE_WORDS 12
#define CONFIGURE_KEY   (URL_ORIGIN_SIZE + 64)

/* What `git config` says when a key is not there, or nothing fits. */
#define GIT_NO_SUCH_KEY  1
#define GIT_NOTHING_FITS 5

struct address {
    char origin[URL_ORIGIN_SIZE];
    bool by_path; /* what it takes depends on the path */
};

/* Run `git config SCOPE WORD...`, the words up to a NULL. Its status, or -1;
 * one that is not expected is an error. */
static int
configure_git(const struct broker *b, struct secret *out, int expected,
              struct error *err, ...)
{
    const char *argv[CONFIGURE_WORDS + 4] = {"git", "config"};
    int count = 2, status;
    va_list words;

    argv[count++] = b->git_file     ? "--file"
                    : b->git_system ? "--system"
                    : b->git_local  ? "--local"
                                    : "--global";
    if (b->git_file)
        argv[count++] = b->git_file;
    va_start(words, err);
    while (count < CONFIGURE_WORDS + 3 &&
           (argv[count] = va_arg(words, const char *)))
        count++;
    va_end(words);
    status = git_run((char *const *)(const void *)argv, out, err);
    if (status > 0 && status != expected)
        return error_set(err, FAIL_SERVICE, "git",
                         "git config has failed with exit status %d", status);
    return status;
}

/* ---- the values of one key -------------------------------------------------
 */

#define CONFIGURE_VALUES 64

struct values {
    struct secret text; /* each ends with a NUL */
    const char *item[CONFIGURE_VALUES];
    size_t count;
};

static void
values_release(struct values *values)
{
    secret_release(&values->text);
}

static int
values_read(struct values *values, const struct broker *b, const char *key,
            struct error *err)
{
    size_t at = 0;

    values->count = 0;
    if (configure_git(b, &values->text, GIT_NO_SUCH_KEY, err, "--null",
                      "--get-all", key, NULL) < 0)
        return -1;
    for (; at < values->text.len; at += strlen(values->text.data + at) + 1) {
        if (values->count == CONFIGURE_VALUES)
            return error_set(err, FAIL_INPUT, "git",
                             "%s has more than %d values", key,
                             CONFIGURE_VALUES);
        values->item[values->count++] = values->text.data + at;
    }
    return 0;
}

static size_t
values_of(const struct values *values, const char *value)
{
    size_t count = 0;

    for (size_t i = 0; i < values->count; i++)
        count += strcmp(values->item[i], value) == 0 ? 1 : 0;
    return count;
}

/* This program, wherever it was installed when the line was written. */
static bool
value_is_ours(const char *value)
{
    const char *name = strrchr(value, '/');

    return value[0] == '/' && name &&
           strcmp(name, "/git-credential-parallel") == 0;
}

/* ---- one address -----------------------------------------------------------
 */

static int
configure_drop(const struct broker *b, const char *key, const char *value,
               struct error *err)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;

    return configure_git(b, &out, GIT_NOTHING_FITS, err, "--fixed-value",
                         "--unset-all", key, value, NULL);
}

static int
configure_add(const struct broker *b, const char *key, const char *value,
              struct error *err)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;

    return configure_git(b, &out, 0, err, "--add", key, value, NULL);
}

/* git cannot take out one of several lines that are alike: so all of the key
 * go, and those that are not gone[] come back. */
static int
configure_rewrite(const struct broker *b, const char *key,
                  const struct values *values, const bool *gone,
                  struct error *err)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;

    if (configure_git(b, &out, GIT_NOTHING_FITS, err, "--unset-all", key,
                      NULL) < 0)
        return -1;
    for (size_t i = 0; i < values->count; i++)
        if (!gone[i] && configure_add(b, key, values->item[i], err) < 0)
            return -1;
    return 0;
}

/* Takes our lines out, and the empty one before each; the others are
 * somebody's. 1: there were any. */
static int
configure_take_out(const struct broker *b, const char *key,
                   const struct values *values, struct error *err)
{
    bool gone[CONFIGURE_VALUES] = {false};
    size_t found = 0, cuts = 0;

    for (size_t i = 0; i < values->count; i++) {
        if (!value_is_ours(values->item[i]))
            continue;
        gone[i] = true;
        found++;
        if (i == 0 || *values->item[i - 1])
            continue;
        gone[i - 1] = true;
        cuts++;
    }
    if (cuts > 0 && cuts < values_of(values, ""))
        return configure_rewrite(b, key, values, gone, err) < 0 ? -1 : 1;
    for (size_t i = 0; i < values->count; i++)
        if (gone[i] && configure_drop(b, key, values->item[i], err) < 0)
            return -1;
    return found > 0;
}

/* Whether we are asked, and nobody before us. Who comes behind is the
 * person's choice. */
static bool
configure_is_in(const struct values *values, const char *helper)
{
    bool in = false;

    for (size_t i = 0; i < values->count; i++) {
        if (!*values->item[i])
            in = false;
        else if (i > 0 && !*values->item[i - 1])
            in = strcmp(values->item[i], helper) == 0;
    }
    return in;
}

/* 1: something was changed. */
static int
configure_put_in(const struct broker *b, const char *key,
                 const struct values *values, struct error *err)
{
    char helper[SHELL_WORD_SIZE(sizeof GIT_HELPER_PATH)];

    shell_escape(helper, GIT_HELPER_PATH);
    if (configure_is_in(values, helper))
        return 0;
    if (configure_take_out(b, key, values, err) < 0 ||
        configure_add(b, key, "", err) < 0 ||
        configure_add(b, key, helper, err) < 0)
        return -1;
    return 1;
}

static int
configure_put_path(const struct broker *b, const char *key, struct error *err)
{
    CLEANUP(secret_release) struct secret now = SECRET_INIT;

    if (configure_git(b, &now, GIT_NO_SUCH_KEY, err, "--type=bool", "--get",
                      key, NULL) < 0)
        return -1;
    if (strcmp(secret_text(&now), "true\n") == 0)
        return 0;
    return configure_git(b, &now, 0, err, "--replace-all", key, "true", NULL) <
                   0
               ? -1
               : 1;
}

/* 1: something was changed. */
static int
configure_address(const struct broker *b, const struct address *address,
                  struct error *err)
{
    CLEANUP(values_release) struct values values = {.text = SECRET_INIT};
    char key[CONFIGURE_KEY], path_key[CONFIGURE_KEY];
    int changed, path = 0;

    snprintf(key, sizeof key, "credential.%.*s.helper", URL_ORIGIN_SIZE,
             address->origin);
    snprintf(path_key, sizeof path_key, "credential.%.*s.useHttpPath",
             URL_ORIGIN_SIZE, address->origin);
    if (values_read(&values, b, key, err) < 0)
        return -1;
    changed = b->git_unset ? configure_take_out(b, key, &values, err)
                           : configure_put_in(b, key, &values, err);
    if (changed > 0 && b->git_unset && address->by_path)
        path = configure_drop(b, path_key, "true", err);
    else if (changed >= 0 && !b->git_unset && address->by_path)
        path = configure_put_path(b, path_key, err);
    if (changed < 0 || path < 0)
        return -1;
    return changed || path;
}

/* ---- all of them -----------------------------------------------------------
 */

#define CONFIGURE_ADDRESSES 32

struct addresses {
    struct address item[CONFIGURE_ADDRESSES];
    size_t count;
};

static void
configure_add_address(struct addresses *all, const char *text)
{
    struct address next = {.by_path = false};
    struct url url;
    size_t i = 0;

    if (url_parse(&url, text, NULL) < 0)
        return;
    url_origin(&url, next.origin);
    next.by_path = *url.path != '\0';
    while (i < all->count && strcmp(all->item[i].origin, next.origin) != 0)
        i++;
    if (i < all->count)
        all->item[i].by_path |= next.by_path;
    else if (i < CONFIGURE_ADDRESSES)
        all->item[all->count++] = next;
}

/* Those of Parallel, or of the provider that was named. */
static int
configure_addresses(const struct broker *b, struct addresses *all,
                    struct error *err)
{
    const struct config *config = &b->config;
    const struct provider_settings *settings =
        b->provider ? config_provider_settings(config, b->provider) : NULL;
    cleanup_free char *hosts = NULL;
    char *rest, *word;

    if (provider_is_builtin(b->provider)) {
        configure_add_address(all, config->platform_url);
        configure_add_address(all, config->service_api_url);
        configure_add_address(all, config->api_url);
        return 0;
    }
    if (!settings || !settings->hosts)
        return error_set(err, FAIL_INPUT, "config",
                         "[provider %s] has no hosts for git to ask about",
                         b->provider);
    hosts = rest = strdup(settings->hosts);
    while ((word = strsep(&rest, " ")))
        configure_add_address(all, word);
    return 0;
}

static int
configure_check(const struct broker *b, struct error *err)
{
    if (b->git_global + b->git_local + b->git_system + !!b->git_file <= 1)
        return 0;
    return error_set(err, FAIL_INPUT, "usage",
                     "only one of --global, --local, --system and --file");
}

int
broker_configure_git(struct broker *b, int *status, struct error *err)
{
    struct addresses all = {.count = 0};

    (void)status;
    if (configure_check(b, err) < 0 || broker_open(b, err) < 0 ||
        configure_addresses(b, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < all.count; i++) {
        const struct address *address = &all.item[i];
        int changed = configure_address(b, address, err);

        if (changed < 0)
            return -1;
        if (b->git_unset)
            broker_say(b,
                       changed ? "git does not ask us about %s any more"
                               : "git was not set up for %s",
                       address->origin);
        else
            broker_say(b,
                       changed ? "git asks us about %s from now on"
                               : "git asks us about %s already",
                       address->origin);
    }
    return 0;
}
