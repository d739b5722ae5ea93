#include "tests/platform/form.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/memory.h"

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
form_decode(const char *text, size_t length)
{
    char *out = memory_new(length + 1);
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < length ? digit(text[i + 1]) : -1;
            int low = i + 2 < length ? digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                goto bad;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            goto bad;
        out[at++] = c;
    }
    return out;
bad:
    free(out);
    return NULL;
}

static const char *
add(struct form *form, const char *pair, size_t length)
{
    const char *equals = memchr(pair, '=', length);
    size_t name_length = equals ? (size_t)(equals - pair) : length;
    struct form_field *field = &form->fields[form->count];

    if (form->count == FORM_MAX)
        return "too many parameters";
    field->name = form_decode(pair, name_length);
    field->value = equals ? form_decode(equals + 1, length - name_length - 1)
                          : memory_copy("");
    if (!field->name || !field->value || !*field->name) {
        free(field->name);
        free(field->value);
        return "malformed parameter";
    }
    if (form_get(form, field->name)) {
        free(field->name);
        free(field->value);
        return "parameter given twice";
    }
    form->count++;
    return NULL;
}

const char *
form_parse(struct form *form, const char *body, size_t length)
{
    size_t at = 0;

    while (at < length) {
        const char *end = memchr(body + at, '&', length - at);
        size_t size = end ? (size_t)(end - body) - at : length - at;
        if (size > 0) {
            const char *wrong = add(form, body + at, size);
            if (wrong)
                return wrong;
        }
        at += size + 1;
    }
    return NULL;
}

const char *
form_get(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}

void
form_release(struct form *form)
{
    for (size_t i = 0; i < form->count; i++) {
        free(form->fields[i].name);
        free(form->fields[i].value);
    }
    form->count = 0;
}
