#include "lib/oauth/form.h"

#include <stdint.h>
#include <string.h>

static void
form_encode(struct secret *form, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                     (c >= 'a' && c <= 'z') || strchr("*-._", c);

        if (plain)
            secret_append(form, text, 1);
        else if (c == ' ')
            secret_append(form, "+", 1);
        else
            secret_append(form, escape, sizeof escape);
    }
}

int
form_add(struct secret *form, const char *key, const char *value)
{
    size_t room = strlen(key) + strlen(value);

    if (room >= SIZE_MAX / 8 || secret_reserve(form, 3 * room + 2) < 0)
        return -1;
    if (!secret_is_empty(form))
        secret_append(form, "&", 1);
    form_encode(form, key);
    secret_append(form, "=", 1);
    form_encode(form, value);
    return 0;
}

int
form_append(struct secret *form, const char *value)
{
    size_t room = strlen(value);

    if (room >= SIZE_MAX / 8 || secret_reserve(form, 3 * room) < 0)
        return -1;
    form_encode(form, value);
    return 0;
}
