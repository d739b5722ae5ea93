/*
 * load.c - what is kept comes into memory:
 *
 *   store.json ──► records, choice, client ids
 *   RUNTIME/parked ──► records, which go before all others; those of another
 *                      home only if the choice is the keyring, which they wait
 *                      for
 *   choice is the keyring? ──► ask it: records, or why not
 */
#include "lib/store/store_parts.h"

static int
store_damaged(struct store *store, const struct document *document,
              struct error *err)
{
    store_forget(store);
    err->failure = FAIL_SERVICE;
    return error_context(err,
                         "%s/%s is damaged or not ours; it has been left as "
                         "it is; move it away and sign in again",
                         document->shown, document->name);
}

static int
store_load_file(struct store *store, struct error *err)
{
    struct error ignored;

    if (store->folder < 0)
        return 0;
    store->file.folder = store->folder;
    /* Looked at before it is read: if it changes in between, what was seen
     * is out of date, and whoever compares will notice. */
    store->present = stat(store_shown(store), &store->seen) == 0;
    if (document_load(&store->file, err) < 0)
        return -1;
    if (!store->file.present)
        return 0;
    if (store_read_file(store, err ? err : &ignored) < 0)
        return store_damaged(store, &store->file, err ? err : &ignored);
    return 0;
}

static int
store_load_parked(struct store *store, struct error *err)
{
    struct error ignored;

    store_open_runtime(store, false);
    if (document_load(&store->parked, err) < 0)
        return -1;
    if (!store->parked.present)
        return 0;
    if (store_read_parked(store, err ? err : &ignored) < 0)
        return store_damaged(store, &store->parked, err ? err : &ignored);
    if (store->elsewhere)
        store->parked.present = false;
    return 0;
}

bool
store_looks_into_keyring(const struct store *store)
{
    return store->options.wanted == STORE_KEYRING ||
           store->chosen == STORE_KEYRING;
}

int
store_load_keyring(struct store *store, struct error *err)
{
    const char *text;
    size_t at = 0;

    if (store->lock >= 0 && store_lock_keyring(store, err) < 0)
        return -1;
    /* A keyring that a login has opened may come to the bus; one that no
     * login has started is not started behind its back. */
    store->keyring.start = store->options.start || store->keyring.waiting;
    store->unread = keyring_load(&store->keyring) != KEYRING_OK;
    if (!store->unread)
        copies_release(&store->in_keyring);
    while ((text = keyring_next(&store->keyring, &at)))
        store_read_item(store, text);
    return 0;
}

int
store_load(struct store *store, struct error *err)
{
    store_forget(store);
    if (store_open_folder(store, false, err) < 0 ||
        store_load_file(store, err) < 0)
        return -1;
    /* Whoever shares the keyring with us parks in the same place. */
    if (store_looks_into_keyring(store) && store->lock >= 0 &&
        store_lock_keyring(store, err) < 0)
        return -1;
    if (store_load_parked(store, err) < 0)
        return -1;
    return store_looks_into_keyring(store) ? store_load_keyring(store, err)
                                           : 0;
}
