/*
 * What a person picks for an application: an API key there is, or a new one
 * of an organization. See state.h for the lock.
 */
#ifndef PLATFORM_PICK_H
#define PLATFORM_PICK_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/platform/key.h"
#include "tests/platform/org.h"

/* Zeroed, it is a new key of the first organization. */
struct pick {
    const struct org *org;
    char key_id[UUID_LENGTH]; /* "": a new one */
};

/*
 * Reads "new", "new:ORGANIZATION" or the id of a live key; NULL is "new".
 * False when there is no such key or organization.
 */
bool pick_read(struct pick *out, const char *text);

/* Writes the choices for a form, whose field is "key". */
void pick_write(FILE *out);

/*
 * The key that was picked, made now and given that name if it is a new one;
 * NULL when it is no more.
 */
const struct key *pick_take(const struct pick *pick, const char *name);

#endif
