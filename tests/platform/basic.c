#include "tests/platform/basic.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/form.h"
#include "tests/platform/memory.h"

/* The bytes that base64 text stands for, to be freed; NULL if it is none. */
static char *
from_base64(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strspn(text, letters);
    size_t padding = strspn(text + length, "=");
    char *out = memory_new(length + 1);
    unsigned bits = 0;
    size_t at = 0;

    if (text[length + padding] || padding > 2 || (length + padding) % 4) {
        free(out);
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        bits = (bits << 6 | (unsigned)(strchr(letters, text[i]) - letters)) &
               0xffff;
        if (i % 4 > 0)
            out[at++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    return out;
}

bool
basic_read(const char *text, char **id, char **secret)
{
    char *plain = from_base64(text);
    const char *colon = plain ? strchr(plain, ':') : NULL;

    *id = NULL;
    *secret = NULL;
    if (colon) {
        *id = form_decode(plain, (size_t)(colon - plain));
        *secret = form_decode(colon + 1, strlen(colon + 1));
    }
    free(plain);
    if (*id && *secret)
        return true;
    free(*id);
    free(*secret);
    *id = NULL;
    *secret = NULL;
    return false;
}
