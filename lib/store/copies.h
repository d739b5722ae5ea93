/*
 * copies.h - records as they lie in one place: for each credential the text,
 * or nothing where only its being there is known.
 */
#ifndef PARALLEL_STORE_COPIES_H
#define PARALLEL_STORE_COPIES_H

#include <stddef.h>

#include "lib/base/secret.h"

struct copy {
    char *issuer;
    char *org;
    struct secret text; /* one line of JSON; empty: not known */
};

struct copies {
    struct copy *item;
    size_t count;
};

/* The copy of a credential, or NULL. */
struct copy *copies_find(const struct copies *copies, const char *issuer,
                         const char *org);

/* Note what lies there now; text may be empty. 0, or -1 without memory. */
int copies_put(struct copies *copies, const char *issuer, const char *org,
               const struct secret *text);

/* It does not lie there any more. */
void copies_drop(struct copies *copies, const char *issuer, const char *org);

void copies_release(struct copies *copies);

#endif
