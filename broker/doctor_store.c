/*
 * doctor_store.c - what lasts: can it be read, and does it lie where it
 * belongs?
 */
#include "broker/doctor.h"

#include <string.h>

#include "broker/key.h"

static size_t
store_count(const struct doctor *d, enum record_place place)
{
    const struct store *store = &d->b->credential.store;
    const struct record *r;
    size_t at = 0, count = 0;

    while ((r = store_next(store, &at)))
        count += r->place == place ? 1 : 0;
    at = 0;
    while ((r = store_next_other(store, &at)))
        count += r->place == place ? 1 : 0;
    return count;
}

/* Some things are on their way. */
static void
store_check_places(struct doctor *d)
{
    const struct store *store = &d->b->credential.store;
    size_t parked = store_count(d, RECORD_PARKED);

    if (parked) {
        doctor_advise(d, "unlock the keyring, then: parallel-credential "
                         "status");
        doctor_tell(d, DOCTOR_WARNING, "store.parked",
                    "%zu credentials wait in %s for the keyring, and are gone "
                    "after a reboot",
                    parked, store->place->runtime);
    }
    if (store->elsewhere) {
        doctor_advise(d, "run parallel-credential status with that HOME");
        doctor_tell(d, DOCTOR_WARNING, "store.parked",
                    "a token that was parked with another HOME waits for its "
                    "keyring");
    }
    if (store->chosen == STORE_PROVISIONAL) {
        doctor_advise(d, "unlock the keyring, then: parallel-credential "
                         "status");
        doctor_tell(d, DOCTOR_WARNING, "store.provisional",
                    "the credential lies on the disk in the clear, until the "
                    "keyring is open");
    }
    if (store->to_erase.count) {
        doctor_advise(d, "unlock the keyring, then: parallel-credential "
                         "status");
        doctor_tell(d, DOCTOR_WARNING, "store.erase",
                    "%zu items in the keyring are still to be erased",
                    store->to_erase.count);
    }
}

static void
store_check_keys(struct doctor *d)
{
    const struct made_keys *made = &d->b->credential.store.made;

    for (size_t i = 0; i < made->count; i++) {
        const struct made_key *key = &made->item[i];

        if (!key_is_left(d->b, key))
            continue;
        doctor_advise(d,
                      "delete it on the web page of %s, then: "
                      "parallel-credential keys delete %s",
                      key->issuer,
                      doctor_word(d, *key->id ? key->id : key->name));
        doctor_tell(d, DOCTOR_WARNING, "key.left", "the API key \"%s\" %s",
                    key->name,
                    key->state == MADE_LOST
                        ? "may have been made, and nobody has it"
                        : "is not used any more, and could not be deleted");
    }
}

void
doctor_store(struct doctor *d)
{
    struct store *store = &d->b->credential.store;
    struct error trouble = ERROR_INIT;
    const char *chosen;

    if (!d->has_home)
        return;
    if (credential_read(&d->b->credential, &trouble) < 0) {
        doctor_advise(d, "mend what is named, or move the file away and sign "
                         "in again");
        doctor_tell(d, DOCTOR_WRONG, "store.read", "%s", trouble.text);
        return;
    }
    d->has_store = true;
    chosen =
        store->chosen == STORE_AUTO ? NULL : store_kind_word(store->chosen);
    if (!chosen)
        doctor_tell(d, DOCTOR_OK, "store.read", "nothing is stored yet");
    else
        doctor_tell(d, DOCTOR_OK, "store.read", "the store is: %s", chosen);
    store_check_places(d);
    store_check_keys(d);
}
