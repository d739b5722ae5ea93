/*
 * One-time values of the forms on a page: what comes back without one was
 * not sent by the person who looks at the page.
 */
#ifndef PLATFORM_STUB_H
#define PLATFORM_STUB_H

#include <stdbool.h>

#include "tests/platform/secret.h"

#define STUBS 8

/* The newest values that are out. Zeroed, there are none. */
struct stubs {
    char value[STUBS][SECRET_LENGTH];
    unsigned next;
};

/* Makes a value, which is good till STUBS more were made. */
const char *stub_new(struct stubs *stubs);

/* Takes a value back; false when it is NULL or not good (any more). */
bool stub_take(struct stubs *stubs, const char *value);

#endif
