#include "tests/platform/stub.h"

#include <string.h>

const char *
stub_new(struct stubs *stubs)
{
    char *value = stubs->value[stubs->next++ % STUBS];

    secret_make(value, "");
    return value;
}

bool
stub_take(struct stubs *stubs, const char *value)
{
    for (int i = 0; value && i < STUBS; i++)
        if (*stubs->value[i] && strcmp(stubs->value[i], value) == 0) {
            stubs->value[i][0] = '\0';
            return true;
        }
    return false;
}
