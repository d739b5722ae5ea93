#include "lib/config_value.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"
#include "lib/base/url.h"
#include "lib/oauth/settings.h"

#define CONFIG_DURATION_MAX (24 * 3600 * 1000LL)
#define CONFIG_HOSTS_MAX    16

static int
config_bad(struct error *err, const char *name, const char *what)
{
    return error_set(err, FAIL_INPUT, "config", "%s: %s", name, what);
}

static int
config_set_text(char **slot, const char *text, size_t len)
{
    char *copy = strndup(text, len);

    if (!copy)
        return -1;
    free(*slot);
    *slot = copy;
    return 0;
}

static int
config_set_url(char **slot, const char *name, const char *value,
               struct error *err)
{
    size_t len = strlen(value);

    if (url_require_safe(value, name, err) < 0)
        return -1;
    if (strchr(value, '?'))
        return config_bad(err, name, "an address without '?' is needed");
    while (len > 0 && value[len - 1] == '/')
        len--;
    return config_set_text(slot, value, len);
}

/* A number with at most three decimals and a unit, seconds by default. */
static int
config_set_duration(int64_t *slot, const char *name, const char *value,
                    struct error *err)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 60 * 60000}};
    char *end;
    double number = strtod(value, &end);
    size_t digits = strspn(value, "0123456789.");
    const char *point = memchr(value, '.', digits);

    if (digits == 0 || end != value + digits || (point && end - point > 4))
        return config_bad(err, name, "a time like 3s or 500ms is needed");
    end += strspn(end, " ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double ms = number * (double)units[i].ms;
        if (strcmp(end, units[i].unit) != 0)
            continue;
        if (ms < 1 || ms > (double)CONFIG_DURATION_MAX)
            return config_bad(err, name, "must lie between 1ms and 24h");
        *slot = (int64_t)ms;
        return 0;
    }
    return config_bad(err, name,
                      "a time with the unit ms, s, min or h is needed");
}

static int
config_set_store(enum store_kind *slot, const char *name, const char *value,
                 struct error *err)
{
    int kind = store_kind_of(value);

    if (kind < 0 || kind == STORE_PROVISIONAL)
        return config_bad(err, name, "must be auto, secret-service or file");
    *slot = (enum store_kind)kind;
    return 0;
}

static int
config_set_boolean(bool *slot, const char *name, const char *value,
                   struct error *err)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return config_bad(err, name, "must be yes or no");
    *slot = *value == 'y';
    return 0;
}

static bool
config_is_visible(const char *text, bool blanks)
{
    for (; *text; text++)
        if (*text < (blanks ? ' ' : '!') || *text > '~')
            return false;
    return true;
}

static int
config_set_proxy(char **slot, const char *name, const char *value,
                 struct error *err)
{
    struct url url;

    if (strcmp(value, "none") == 0)
        return config_set_text(slot, "", 0);
    if (strchr(value, '@'))
        return config_bad(err, name, "a password may not stand here");
    if (url_parse(&url, value, NULL) < 0)
        return config_bad(err, name,
                          "must be http://HOST:PORT, https://HOST:PORT or "
                          "none");
    return config_set_text(slot, value, strlen(value));
}

static int
config_set_endpoint(char **slot, bool query, const char *name,
                    const char *value, struct error *err)
{
    if (url_require_safe(value, name, err) < 0)
        return -1;
    if (!query && strchr(value, '?'))
        return config_bad(err, name, "an address without '?' is needed");
    return config_set_text(slot, value, strlen(value));
}

/* What our own browser comes back to. Of a name like localhost it is not sure
 * who answers; and what a browser writes in another way never comes back. */
static bool
config_is_redirect(const char *value)
{
    static const char start[] = "http://127.0.0.1";
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789/_.-";
    struct url url;

    return text_starts_with(value, start) &&
           strchr(":/", value[strlen(start)]) &&
           url_parse(&url, value, NULL) == 0 &&
           strcmp(url.host, "127.0.0.1") == 0 &&
           (value[strlen(start)] != ':' || url.port >= 1024) &&
           url.path[strspn(url.path, allowed)] == '\0' &&
           !strstr(url.path, "/.");
}

static int
config_set_redirect(char **slot, const char *name, const char *value,
                    struct error *err)
{
    if (!config_is_redirect(value))
        return config_bad(err, name,
                          "must be http://127.0.0.1, with a port from 1024 on "
                          "and a path of letters, digits, '-', '_' and '.' if "
                          "they are fixed");
    return config_set_text(slot, value, strlen(value));
}

/* One address that a token is for, appended in the form that is compared. */
static int
config_add_host(struct secret *hosts, const char *name, const char *word,
                struct error *err)
{
    char text[URL_TEXT_SIZE], origin[URL_ORIGIN_SIZE];
    struct url url;
    size_t len;

    snprintf(text, sizeof text, "%s%s", strstr(word, "://") ? "" : "https://",
             word);
    if (url_require_safe(text, name, err) < 0 ||
        url_parse(&url, text, err) < 0)
        return -1;
    if (strchr(url.path, '?'))
        return config_bad(err, name, "an address without '?' is needed");
    url_origin(&url, origin);
    len = strlen(url.path);
    while (len > 0 && url.path[len - 1] == '/')
        len--;
    return secret_append_text(hosts, hosts->len ? " " : "") |
           secret_append_text(hosts, origin) |
           secret_append(hosts, url.path, len) |
           secret_append_text(hosts, len ? "/" : "");
}

static int
config_set_hosts(char **slot, const char *name, const char *value,
                 struct error *err)
{
    CLEANUP(secret_release) struct secret hosts = SECRET_INIT;
    cleanup_free char *words = strdup(value);
    char *rest = words, *word;
    int count = 0;

    while ((word = strsep(&rest, " ,"))) {
        if (!*word)
            continue;
        if (++count > CONFIG_HOSTS_MAX)
            return config_bad(err, name,
                              "at most 16 addresses may stand "
                              "here");
        if (config_add_host(&hosts, name, word, err) < 0)
            return -1;
    }
    if (count == 0)
        return config_bad(err, name, "has no value");
    return config_set_text(slot, hosts.data, hosts.len);
}

static const char *const config_api_key_words[] = {"account", "none",
                                                   "provider", NULL};

static const char *const config_logout_words[] = {"keep", "revoke", NULL};

/* In the order of enum journal_level. */
static const char *const config_log_words[] = {"none", "notice", "debug",
                                               NULL};

/* The words of a type whose values are words, or NULL. */
static const char *const *
config_words(enum config_type type)
{
    switch (type) {
    case TYPE_API_KEY:
        return config_api_key_words;
    case TYPE_LOGOUT:
        return config_logout_words;
    case TYPE_LOG:
        return config_log_words;
    case TYPE_GRANT:
        return settings_grant_words;
    case TYPE_REGISTRATION:
        return settings_registration_words;
    case TYPE_REVOCATION:
        return settings_revocation_words;
    case TYPE_AUTHENTICATION:
        return settings_authentication_words;
    case TYPE_PRESENT:
        return settings_present_words;
    default:
        return NULL;
    }
}

/* An enum without negative values is an unsigned int to this compiler. */
static int
config_set_word(unsigned *slot, enum config_type type, const char *name,
                const char *value, struct error *err)
{
    const char *const *words = config_words(type);
    int found = settings_value_of(words, value);
    char list[160];
    size_t used = 0;

    if (found >= 0) {
        *slot = (unsigned)found;
        return 0;
    }
    for (int i = 0; words[i]; i++) {
        const char *before = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        used = text_put(list, sizeof list, used, before);
        used = text_put(list, sizeof list, used, words[i]);
    }
    return error_set(err, FAIL_INPUT, "config", "%s: must be %s", name, list);
}

int
config_value_set(void *slot, enum config_type type, const char *name,
                 const char *value, struct error *err)
{
    if (!*value)
        return config_bad(err, name, "has no value");
    switch (type) {
    case TYPE_TEXT:
        if (!config_is_visible(value, false))
            return config_bad(err, name,
                              "must be of visible ASCII characters");
        return config_set_text(slot, value, strlen(value));
    case TYPE_SCOPES:
        if (!config_is_visible(value, true))
            return config_bad(err, name,
                              "must be words with blanks between them");
        return config_set_text(slot, value, strlen(value));
    case TYPE_CLIENT:
        if (!config_is_visible(value, true))
            return config_bad(err, name,
                              "must be of visible ASCII characters and "
                              "blanks");
        return config_set_text(slot, value, strlen(value));
    case TYPE_PATH:
        if (*value != '/')
            return config_bad(err, name, "an absolute path is needed");
        return config_set_text(slot, value, strlen(value));
    case TYPE_URL:
        return config_set_url(slot, name, value, err);
    case TYPE_PROXY:
        return config_set_proxy(slot, name, value, err);
    case TYPE_STORE:
        return config_set_store(slot, name, value, err);
    case TYPE_BOOLEAN:
        return config_set_boolean(slot, name, value, err);
    case TYPE_DURATION:
        return config_set_duration(slot, name, value, err);
    case TYPE_ISSUER:
    case TYPE_ENDPOINT:
        return config_set_endpoint(slot, type == TYPE_ENDPOINT, name, value,
                                   err);
    case TYPE_HOSTS:
        return config_set_hosts(slot, name, value, err);
    case TYPE_REDIRECT:
        return config_set_redirect(slot, name, value, err);
    case TYPE_API_KEY:
    case TYPE_LOGOUT:
    case TYPE_LOG:
    case TYPE_GRANT:
    case TYPE_REGISTRATION:
    case TYPE_REVOCATION:
    case TYPE_AUTHENTICATION:
    case TYPE_PRESENT:
        return config_set_word(slot, type, name, value, err);
    }
    return -1;
}

char *
config_value_text(const void *slot, enum config_type type)
{
    char *text = NULL;

    if (config_words(type))
        return strdup(config_words(type)[*(const unsigned *)slot]);
    switch (type) {
    case TYPE_STORE:
        return strdup(store_kind_word(*(const enum store_kind *)slot));
    case TYPE_BOOLEAN:
        return strdup(*(const bool *)slot ? "yes" : "no");
    case TYPE_DURATION:
        return asprintf(&text, "%gs", (double)*(const int64_t *)slot / 1000) <
                       0
                   ? NULL
                   : text;
    case TYPE_PROXY:
        if (*(char *const *)slot && !**(char *const *)slot)
            return strdup("none");
        break;
    default:
        break;
    }
    return *(char *const *)slot ? strdup(*(char *const *)slot) : NULL;
}
