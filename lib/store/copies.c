#include "lib/store/copies.h"

#include <stdlib.h>
#include <string.h>

static void
copy_release(struct copy *copy)
{
    free(copy->issuer);
    free(copy->org);
    secret_release(&copy->text);
}

struct copy *
copies_find(const struct copies *copies, const char *issuer, const char *org)
{
    for (size_t i = 0; i < copies->count; i++)
        if (strcmp(copies->item[i].issuer, issuer) == 0 &&
            strcmp(copies->item[i].org, org) == 0)
            return &copies->item[i];
    return NULL;
}

static struct copy *
copies_add(struct copies *copies, const char *issuer, const char *org)
{
    struct copy *grown =
        realloc(copies->item, (copies->count + 1) * sizeof *grown);
    struct copy fresh = {strdup(issuer), strdup(org), SECRET_INIT};

    if (grown)
        copies->item = grown;
    if (!grown || !fresh.issuer || !fresh.org) {
        copy_release(&fresh);
        return NULL;
    }
    grown[copies->count] = fresh;
    return &grown[copies->count++];
}

int
copies_put(struct copies *copies, const char *issuer, const char *org,
           const struct secret *text)
{
    struct copy *copy = copies_find(copies, issuer, org);

    if (!copy)
        copy = copies_add(copies, issuer, org);
    return copy ? secret_set(&copy->text, secret_text(text), text->len) : -1;
}

void
copies_drop(struct copies *copies, const char *issuer, const char *org)
{
    struct copy *copy = copies_find(copies, issuer, org);

    if (!copy)
        return;
    copy_release(copy);
    *copy = copies->item[--copies->count];
}

void
copies_release(struct copies *copies)
{
    for (size_t i = 0; i < copies->count; i++)
        copy_release(&copies->item[i]);
    free(copies->item);
    *copies = (struct copies){NULL, 0};
}
