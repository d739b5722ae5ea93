#include "lib/store/kind.h"

#include <string.h>

static const char *const store_kinds[] = {
    [STORE_AUTO] = "auto",
    [STORE_FILE] = "file",
    [STORE_PROVISIONAL] = "provisional-file",
    [STORE_KEYRING] = "secret-service",
};

const char *
store_kind_word(enum store_kind kind)
{
    return store_kinds[kind];
}

int
store_kind_of(const char *word)
{
    for (int i = 0; i < (int)(sizeof store_kinds / sizeof *store_kinds); i++)
        if (strcmp(store_kinds[i], word) == 0)
            return i;
    return -1;
}
