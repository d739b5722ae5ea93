/*
 * credential_other.c - what is kept for other services: found, put, erased.
 */
#include "lib/credential.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/credential_parts.h"

/* All of them together: the rest of the private file is Parallel's. */
#define OTHERS_MOST ((size_t)600 * 1024)

int
credential_read(struct credential *c, struct error *err)
{
    if (store_load(&c->store, err) < 0)
        return -1;
    session_recall(&c->session, &c->store);
    return 0;
}

int
credential_owns(struct credential *c, const char *origin, const char *path,
                struct error *err)
{
    const struct record *r;
    size_t at = 0;

    if (credential_read(c, err) < 0)
        return -1;
    if (credential_match(c, NULL, origin, path) != CACHE_USE_NOTHING)
        return 1;
    while ((r = store_next(&c->store, &at)))
        if (credential_match(c, r, origin, path) != CACHE_USE_NOTHING)
            return 1;
    return 0;
}

static const struct record *
credential_same_other(const struct credential *c, const struct other *other)
{
    const struct record *r;
    size_t at = 0;

    while ((r = store_next_other(&c->store, &at)))
        if (strcmp(r->issuer, other->key) == 0 &&
            strcmp(r->org_id, other->user) == 0)
            return r;
    return NULL;
}

/* Whether a keyring that does not show itself is known to hold one, and a
 * later one is not here. */
static bool
credential_hides_other(const struct credential *c,
                       const struct other_request *request)
{
    const struct copies *named = &c->store.in_keyring;

    for (size_t i = 0; c->store.unread && i < named->count; i++) {
        const struct copy *copy = &named->item[i];
        const struct other other = {
            .key = copy->issuer, .user = copy->org, .secret = ""};

        if (secret_is_empty(&copy->text) &&
            !copies_find(&c->store.to_erase, copy->issuer, copy->org) &&
            !credential_same_other(c, &other) &&
            other_match(request, &other, false))
            return true;
    }
    return false;
}

enum credential_result
credential_find_other(struct credential *c,
                      const struct other_request *request, struct other *found,
                      struct error *err)
{
    int64_t now = clock_now().real;
    const struct record *r;
    size_t at = 0;

    *found = (struct other){.key = NULL};
    if (store_is_loose(&c->store)) {
        credential_settle(c);
        if (credential_read(c, err) < 0)
            return CREDENTIAL_FAILED;
    }
    while ((r = store_next_other(&c->store, &at))) {
        const struct other other = record_other(r);
        if (other_is_better(request, &other, found, now))
            *found = other;
    }
    credential_tell_front(c);
    if (found->key)
        return CREDENTIAL_OK;
    if (!credential_hides_other(c, request))
        return CREDENTIAL_NONE;
    keyring_explain(&c->store.keyring, err);
    return CREDENTIAL_FAILED;
}

/* Removes what a request is about (NULL: nothing), and what has expired.
 * Returns how many went for the former reason. */
static size_t
credential_remove_others(struct credential *c,
                         const struct other_request *request)
{
    int64_t now = clock_now().real;
    size_t at = 0, count = 0;
    struct record *r;

    while ((r = store_next_other(&c->store, &at))) {
        const struct other other = record_other(r);
        bool meant = request && other_match(request, &other, true);

        if (!meant && other_is_alive(&other, now))
            continue;
        count += meant ? 1 : 0;
        store_remove(&c->store, r);
        at--; /* another one stands there now */
    }
    return count;
}

static int
credential_insert_other(struct credential *c, const struct other *other,
                        struct error *err)
{
    struct record *fresh = calloc(1, sizeof *fresh), *replaced = NULL;

    if (!fresh || record_init_other(fresh, other) < 0) {
        free(fresh);
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    }
    if (store_put(&c->store, fresh, &replaced) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (replaced)
        record_release(replaced);
    free(replaced);
    if (store_size_of_others(&c->store) > OTHERS_MOST)
        return error_set(err, FAIL_SERVICE, "full",
                         "there is no room for more credentials of other "
                         "services (%zu KiB): erase some",
                         OTHERS_MOST / 1024);
    return credential_commit(c, err);
}

/* Both locks are held. A registry has one user. */
static int
credential_put_locked(struct credential *c,
                      const struct other_request *request,
                      const struct other *other, struct error *err)
{
    struct other_request anybody = *request; /* owns nothing */
    const struct record *same;
    struct other before;

    anybody.any_user = anybody.any_secret = true;
    if (credential_read(c, err) < 0)
        return -1;
    same = credential_same_other(c, other);
    if (same)
        before = record_other(same);
    if (same && other_equals(&before, other))
        return 0;
    credential_remove_others(c, request->one_user ? &anybody : NULL);
    return credential_insert_other(c, other, err);
}

int
credential_put_other(struct credential *c, const struct other_request *request,
                     struct error *err)
{
    struct other other;
    int result;

    if (other_request_view(request, &other) < 0 ||
        !other_is_alive(&other, clock_now().real))
        return 0;
    if (strlen(other.key) + strlen(other.user) + strlen(other.secret) +
            strlen(other.refresh) + strlen(other.authtype) >
        OTHER_TEXT_MAX)
        return error_set(err, FAIL_INPUT, "long",
                         "a credential of more than %d bytes is not kept",
                         OTHER_TEXT_MAX);
    other.stored = clock_now().real;
    result = credential_lock(c, true, err);
    if (result == 0)
        result = credential_put_locked(c, request, &other, err);
    credential_unlock(c);
    return result;
}

static bool
credential_has_other(const struct credential *c,
                     const struct other_request *request)
{
    const struct record *r;
    size_t at = 0;

    while ((r = store_next_other(&c->store, &at))) {
        const struct other other = record_other(r);
        if (other_match(request, &other, true))
            return true;
    }
    return false;
}

int
credential_erase_other(struct credential *c,
                       const struct other_request *request, struct error *err)
{
    int result;

    if (credential_hides_other(c, request))
        return keyring_explain(&c->store.keyring, err);
    if (!credential_has_other(c, request))
        return 0;
    result = credential_lock(c, false, err);
    if (result == 0)
        result = credential_read(c, err);
    if (result == 0 && credential_remove_others(c, request) > 0)
        result = credential_commit(c, err);
    credential_unlock(c);
    return result;
}
