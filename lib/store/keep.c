/*
 * keep.c - where the records lie: prepare, commit.
 *
 *   prepare     decide ── auto, and no choice yet, or a provisional one?
 *                  │      keyring open ► it   locked ► provisional file
 *                  │      else ► file
 *                  ├─ file:    room for the next store.json
 *                  └─ keyring: room for parked; without a runtime folder
 *                              the keyring has to be open
 *
 *   commit      file:     parked, if there is one: it counts till it is gone;
 *                         store.json; what lay in the keyring is erased, as
 *                         far as it has shown it
 *               keyring:  1 store.json: the choice, and what lies there
 *                         2 parked: what the keyring does not hold yet
 *                         3 keyring: save it, erase what is void
 *                         4 read back and compare, if it comes from the file
 *                         5 store.json without it, parked removed
 *
 * Whenever that ends, the credential lies whole in one of the places at
 * least; and if in two, the next load knows which one counts.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/store/store_parts.h"

/* Room for tokens that are longer than those we have. */
#define STORE_ROOM (4 * TOKEN_TEXT_MAX)

/* ---- prepare ------------------------------------------------------------
 */

static int
store_decide(struct store *store, struct error *err)
{
    const struct store_options *options = &store->options;

    store->target =
        options->wanted == STORE_AUTO ? store->chosen : options->wanted;
    if (store->target == STORE_FILE || store->target == STORE_KEYRING ||
        store->record_count == 0)
        return 0;
    switch (keyring_load(&store->keyring)) {
    case KEYRING_OK:
        store->target = STORE_KEYRING;
        return store_lock_keyring(store, err);
    case KEYRING_LOCKED:
        store->target = STORE_PROVISIONAL;
        return 0;
    default:
        if (store->chosen != STORE_PROVISIONAL)
            store->target = STORE_FILE;
        return 0;
    }
}

static int
store_prepare_keyring(struct store *store, bool more, size_t size,
                      struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    bool parks;

    store_open_runtime(store, true);
    parks = store->runtime >= 0 && !store->elsewhere &&
            document_prepare(&store->parked, size, NULL) == 0;
    if (store->keyring.state != KEYRING_OK && !parks) {
        keyring_explain(&store->keyring, err);
        return error_context(err, "there is no runtime folder to keep a "
                                  "token in meanwhile");
    }
    if (document_prepare(&store->file, size, err) == 0)
        return 0;
    /* It does not matter when nothing in there has to change. */
    if (more || store_write_file(store, false, &text) < 0 ||
        !secret_equals(&store->file.text, secret_text(&text)))
        return -1;
    return 0;
}

int
store_prepare(struct store *store, bool more, struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;

    store->file.folder = store->folder;
    if (store_decide(store, err) < 0)
        return -1;
    if (store_write_file(store, true, &text) < 0)
        return store_out_of_memory(err);
    if (store->target == STORE_KEYRING)
        return store_prepare_keyring(store, more, text.len + STORE_ROOM, err);
    if (store->parked.present)
        document_prepare(&store->parked, text.len + STORE_ROOM, NULL);
    return document_prepare(&store->file, text.len + STORE_ROOM, err);
}

void
store_discard(struct store *store)
{
    document_discard(&store->file);
    document_discard(&store->parked);
}

/* ---- commit -------------------------------------------------------------
 */

static int
store_put_file(struct store *store, bool clear, struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;

    if (store_write_file(store, clear, &text) < 0)
        return store_out_of_memory(err);
    if (document_commit(&store->file, &text, err) < 0)
        return -1;
    store->present = stat(store_shown(store), &store->seen) == 0;
    return 0;
}

/* Who writes to the keyring keeps the locks till the outcome is known. */
static void
store_pass_locks(struct store *store)
{
    store->keyring.lock[0] = store->lock;
    store->keyring.lock[1] = store->keyring_lock;
}

/* What is void in the keyring goes, as far as it lets us. */
static void
store_erase_void(struct store *store)
{
    for (size_t i = store->to_erase.count; i-- > 0;) {
        const struct copy *copy = &store->to_erase.item[i];

        if (store->keyring.state != KEYRING_OK ||
            keyring_erase(&store->keyring, copy->issuer, copy->org) !=
                KEYRING_OK)
            return;
        copies_drop(&store->in_keyring, copy->issuer, copy->org);
        copies_drop(&store->to_erase, copy->issuer, copy->org);
    }
}

/* Written to the disk, read back, compared. */
static int
store_verify_file(struct store *store, struct error *err)
{
    struct document there = store->file;

    there.text = (struct secret)SECRET_INIT;
    if (document_load(&there, err) == 0 &&
        secret_equals(&there.text, secret_text(&store->file.text))) {
        secret_release(&there.text);
        return 0;
    }
    secret_release(&there.text);
    return error_set(err, FAIL_SERVICE, "store",
                     "what was written to %s cannot be read back",
                     store_shown(store));
}

static int
store_mark_all(struct store *store, enum record_place place,
               struct copies *copies)
{
    for (size_t i = 0; i < store->record_count; i++) {
        CLEANUP(secret_release) struct secret text = SECRET_INIT;
        struct record *r = store->record[i];

        r->place = place;
        if (store_record_text(r, &text) < 0 ||
            copies_put(copies, r->issuer, r->org_id, &text) < 0)
            return -1;
    }
    return 0;
}

static bool
store_shows_not(const struct store *store, const struct copy *copy)
{
    return secret_is_empty(&copy->text) &&
           !copies_find(&store->to_erase, copy->issuer, copy->org);
}

bool
store_is_only_named(const struct store *store, const struct copy *copy)
{
    return store_shows_not(store, copy) &&
           !store_has(store, copy->issuer, copy->org);
}

/* What lies in the keyring is void once the file is the store; but for that
 * which could not be read: then the keyring is looked into until it can. */
static int
store_void_keyring(struct store *store, enum store_kind *chosen)
{
    static const struct secret unknown = SECRET_INIT;

    for (size_t i = 0; i < store->in_keyring.count; i++) {
        const struct copy *copy = &store->in_keyring.item[i];

        if (store->unread && store_is_only_named(store, copy))
            *chosen = STORE_KEYRING;
        else if (copies_put(&store->to_erase, copy->issuer, copy->org,
                            &unknown) < 0)
            return -1;
    }
    return 0;
}

/* With the file as the store the keyring is asked for this alone, each time
 * until it is done. */
static void
store_clear_keyring(struct store *store)
{
    if (store->to_erase.count == 0 || store_lock_keyring(store, NULL) < 0)
        return;
    store_pass_locks(store);
    if (store->keyring.state == KEYRING_UNASKED)
        keyring_load(&store->keyring);
    store_erase_void(store);
    store_put_file(store, true, NULL);
}

/* What the keyring does not hold is in memory before it is asked to. */
static bool
store_park(struct store *store)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    size_t count;

    if (store->runtime < 0 || store->elsewhere ||
        store_write_parked(store, &text, &count) < 0)
        return false;
    return count > 0 && document_commit(&store->parked, &text, NULL) == 0;
}

/* What was parked has its place now. */
static void
store_unpark(struct store *store)
{
    if (!store->elsewhere)
        document_remove(&store->parked);
    copies_release(&store->in_parked);
}

static int
store_commit_file(struct store *store, struct error *err)
{
    enum store_kind before = store->chosen, after = store->target;

    if (before == STORE_KEYRING && store_void_keyring(store, &after) < 0)
        return store_out_of_memory(err);
    store->chosen = after;
    /* What is parked counts till it is removed: it must not be older. */
    if (store->parked.present)
        store_park(store);
    if (store_put_file(store, true, err) < 0) {
        store->chosen = before;
        return -1;
    }
    copies_release(&store->in_file);
    if (store_mark_all(store, RECORD_IN_FILE, &store->in_file) < 0)
        return store_out_of_memory(err);
    if (before != STORE_KEYRING && !store->parked.present &&
        store->to_erase.count == 0)
        return 0;
    if (store_verify_file(store, err) < 0)
        return -1;
    store_unpark(store);
    store_clear_keyring(store);
    return 0;
}

/* "Parallel: Acme (platform.parallel.ai)"; "me, for docker: quay.io" */
static void
store_label(const struct record *r, char *out, size_t size)
{
    const char *host = strstr(r->issuer, "://");
    const char *name = *r->org_name ? r->org_name : r->org_id;
    char shown[160];

    text_show(shown, sizeof shown, name);
    if (record_is_other(r)) {
        snprintf(out, size, "%.160s, for %s: %s", shown, r->provider,
                 r->issuer + strlen(r->provider) + 1);
        return;
    }
    snprintf(out, size,
             *name ? "Parallel: %s (%.160s)" : "Parallel%s (%.160s)", shown,
             host ? host + 3 : r->issuer);
}

/* Where a record is that the keyring has not taken. */
static enum record_place
store_stays(const struct store *store, const struct record *r,
            const struct secret *text, bool parked)
{
    const struct copy *copy =
        copies_find(&store->in_file, r->issuer, r->org_id);

    if (parked)
        return RECORD_PARKED;
    return copy && secret_equals(&copy->text, secret_text(text))
               ? RECORD_IN_FILE
               : RECORD_NOWHERE;
}

/* Put a record into the keyring. -1: it has not taken it. */
static int
store_save(struct store *store, struct record *r, bool parked)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    char label[512];

    if (store_in_keyring(store, r)) {
        /* Written by one who did not live to say so: it counts. */
        copies_drop(&store->to_erase, r->issuer, r->org_id);
        r->place = RECORD_IN_KEYRING;
        return 0;
    }
    if (store_record_text(r, &text) < 0)
        return -1;
    r->place = store_stays(store, r, &text, parked);
    store_label(r, label, sizeof label);
    if (store->keyring.state != KEYRING_OK ||
        keyring_save(&store->keyring, r->issuer, r->org_id, label,
                     text.data) != KEYRING_OK ||
        copies_put(&store->in_keyring, r->issuer, r->org_id, &text) < 0)
        return -1;
    copies_drop(&store->to_erase, r->issuer, r->org_id);
    r->place = RECORD_IN_KEYRING;
    return 0;
}

/* Written to the keyring, read back, compared. */
static bool
store_verify_keyring(struct store *store)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct keyring *k = &store->keyring;

    if (keyring_load(k) != KEYRING_OK)
        return false;
    for (size_t i = 0; i < store->record_count; i++) {
        const char *item = NULL;
        size_t at = 0;

        if (store_record_text(store->record[i], &text) < 0)
            return false;
        while ((item = keyring_next(k, &at)) && !secret_equals(&text, item))
            ;
        if (!item)
            return false;
    }
    return true;
}

/* Names in store.json what lies in the keyring from here on. */
static int
store_name_all(struct store *store)
{
    static const struct secret unknown = SECRET_INIT;

    for (size_t i = 0; i < store->record_count; i++) {
        const struct record *r = store->record[i];

        if (!copies_find(&store->in_keyring, r->issuer, r->org_id) &&
            copies_put(&store->in_keyring, r->issuer, r->org_id, &unknown) < 0)
            return -1;
    }
    return 0;
}

/* That the keyring is to be looked into, is on the disk before anything is
 * in there. */
static int
store_choose_keyring(struct store *store, struct error *err)
{
    enum store_kind before = store->chosen;

    if (store_name_all(store) < 0)
        return store_out_of_memory(err);
    store->chosen = STORE_KEYRING;
    if (store_put_file(store, false, err) == 0 || before == STORE_KEYRING)
        return 0;
    store->chosen = before;
    return -1;
}

int
store_fall_back(struct store *store, enum store_kind before, struct error *err)
{
    store->target =
        before == STORE_PROVISIONAL ? STORE_PROVISIONAL : STORE_FILE;
    return store_commit_file(store, err);
}

static int
store_commit_keyring(struct store *store, struct error *err)
{
    enum store_kind before = store->chosen;
    size_t saved = 0;
    bool parked, all, kept = true;

    store_pass_locks(store);
    if (store_choose_keyring(store, err) < 0)
        return -1;
    parked = store_park(store);
    for (size_t i = 0; i < store->record_count; i++) {
        if (store_save(store, store->record[i], parked) == 0)
            saved++;
        kept = kept && store->record[i]->place != RECORD_NOWHERE;
    }
    store_erase_void(store);
    all = saved == store->record_count;
    if (all && (store->in_file.count == 0 || store_verify_keyring(store)))
        copies_release(&store->in_file);
    else if (before != STORE_KEYRING && store->options.wanted == STORE_AUTO)
        return store_fall_back(store, before, err);
    if (store_put_file(store, false, NULL) == 0 && all)
        store_unpark(store);
    if (kept)
        return 0;
    keyring_explain(&store->keyring, err);
    return -1;
}

int
store_commit(struct store *store, struct error *err)
{
    return store->target == STORE_KEYRING ? store_commit_keyring(store, err)
                                          : store_commit_file(store, err);
}

/* ---- for people ---------------------------------------------------------
 */

const char *
store_where(const struct store *store, const struct record *record, char *out,
            size_t size)
{
    const struct keyring *k = &store->keyring;
    char why[256] = "";

    if (k->state != KEYRING_UNASKED && k->state != KEYRING_OK)
        keyring_sentence(k, why, sizeof why);
    switch (record->place) {
    case RECORD_IN_KEYRING:
        snprintf(out, size, "in the keyring (Secret Service)");
        break;
    case RECORD_PARKED:
        snprintf(out, size,
                 "in memory, in %s/%s, until the keyring can take it%s%s",
                 store->parked.shown, store->parked.name, *why ? ": " : "",
                 why);
        break;
    default:
        snprintf(out, size, "in the private file %s%s%s%s", store_shown(store),
                 store->chosen == STORE_PROVISIONAL
                     ? ", until the keyring is open"
                     : "",
                 *why ? ": " : "", why);
        break;
    }
    return out;
}
