#include "tests/platform/scope.h"

#include <string.h>

static const struct {
    const char *name;
    const char *words;
} scopes[] = {
    {"apps:create", "Create apps in the organization"},
    {"apps:delete", "Delete apps of the organization"},
    {"apps:read", "See the organization's apps"},
    {"balance:add", "Add credit: this charges the organization's card"},
    {"balance:read", "See the organization's balance"},
    {"keys:create", "Create API keys, which can spend credit"},
    {"keys:delete", "Delete API keys"},
    {"keys:read", "See the names of API keys"},
};

#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

static size_t
find(const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < SCOPES; i++)
        if (strlen(scopes[i].name) == length &&
            strncmp(scopes[i].name, text, length) == 0)
            break;
    return i;
}

bool
scope_is_valid(const char *text)
{
    bool seen[SCOPES] = {false};

    for (;;) {
        size_t length = strcspn(text, " ");
        size_t which = find(text, length);
        if (which == SCOPES || seen[which])
            return false;
        seen[which] = true;
        text += length;
        if (*text == '\0')
            return true;
        text++;
    }
}

bool
scope_has(const char *text, const char *one)
{
    size_t length = strlen(one);

    while (*text) {
        size_t size = strcspn(text, " ");
        if (size == length && strncmp(text, one, length) == 0)
            return true;
        text += size;
        text += strspn(text, " ");
    }
    return false;
}

const char *
scope_next_words(const char **text)
{
    size_t length = strcspn(*text, " ");
    size_t which = find(*text, length);

    if (length == 0 || which == SCOPES)
        return NULL;
    *text += length;
    *text += strspn(*text, " ");
    return scopes[which].words;
}
