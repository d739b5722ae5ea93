#include "lib/config_value.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/url.h"

#define CONFIG_DURATION_MAX (24 * 3600 * 1000LL)

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

    if (digits == 0 || end != value + digits)
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
config_set_api_key(enum api_key_source *slot, const char *name,
                   const char *value, struct error *err)
{
    if (strcmp(value, "account") != 0 && strcmp(value, "none") != 0)
        return config_bad(err, name, "must be account or none");
    *slot = *value == 'a' ? API_KEY_ACCOUNT : API_KEY_NONE;
    return 0;
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
    case TYPE_API_KEY:
        return config_set_api_key(slot, name, value, err);
    case TYPE_BOOLEAN:
        return config_set_boolean(slot, name, value, err);
    case TYPE_DURATION:
        return config_set_duration(slot, name, value, err);
    }
    return -1;
}

char *
config_value_text(const void *slot, enum config_type type)
{
    char *text = NULL;

    switch (type) {
    case TYPE_STORE:
        return strdup(store_kind_word(*(const enum store_kind *)slot));
    case TYPE_API_KEY:
        return strdup(*(const enum api_key_source *)slot == API_KEY_NONE
                          ? "none"
                          : "account");
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
