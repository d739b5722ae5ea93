/*
 * move.c - whether the records lie where they are to lie, and how they get
 * there.
 */
#include "lib/store/store_parts.h"

bool
store_is_file(const struct store *store)
{
    if (store->options.wanted != STORE_AUTO)
        return store->options.wanted == STORE_FILE;
    return store->chosen != STORE_KEYRING;
}

bool
store_is_loose(const struct store *store)
{
    bool open = store->keyring.state == KEYRING_OK;

    if (store->options.wanted == STORE_AUTO &&
        store->chosen == STORE_PROVISIONAL)
        return store->record_count > 0;
    if (store_is_file(store))
        return store->in_parked.count > 0 ||
               (store->chosen == STORE_KEYRING && open) ||
               (store->chosen == STORE_PROVISIONAL);
    return open && store->in_parked.count + store->in_file.count +
                           store->to_erase.count >
                       0;
}

bool
store_is_hidden(const struct store *store)
{
    for (size_t i = 0; store->unread && i < store->in_keyring.count; i++) {
        const struct copy *copy = &store->in_keyring.item[i];

        if (store_is_only_named(store, copy) &&
            !store_is_ended(store, copy->issuer, copy->org))
            return true;
    }
    return false;
}

static int
store_move_now(struct store *store, enum store_kind to, struct error *err)
{
    bool asks = to == STORE_KEYRING || store->chosen == STORE_KEYRING;

    if (asks && store_load_keyring(store, err) < 0)
        return -1;
    if (asks && store->keyring.state != KEYRING_OK)
        return keyring_explain(&store->keyring, err);
    if (store_prepare(store, true, err) < 0 || store_commit(store, err) < 0)
        return -1;
    for (size_t i = 0; to == STORE_KEYRING && i < store->record_count; i++)
        if (store->record[i]->place != RECORD_IN_KEYRING)
            return keyring_explain(&store->keyring, err);
    if (to == STORE_KEYRING && store->in_file.count > 0)
        return error_set(err, FAIL_SERVICE, "store",
                         "what was written to the keyring cannot be read "
                         "back; %s has been left as it is",
                         store_shown(store));
    return 0;
}

int
store_move(struct store *store, enum store_kind to, struct error *err)
{
    enum store_kind wanted = store->options.wanted, before = store->chosen;
    int result;

    store->options.wanted = to;
    result = store_move_now(store, to, err);
    store->options.wanted = wanted;
    if (result < 0 && wanted == STORE_AUTO && before != STORE_KEYRING &&
        store->chosen == STORE_KEYRING)
        store_fall_back(store, before, NULL);
    return result;
}
