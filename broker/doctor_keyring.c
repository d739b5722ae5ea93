/*
 * doctor_keyring.c - the Secret Service, if it is the store, or may become
 * it.
 */
#include "broker/doctor.h"

/* It is the store, and has been asked when the store was read. */
static void
keyring_judge(struct doctor *d)
{
    const struct keyring *k = &d->b->credential.store.keyring;
    char sentence[256];

    keyring_sentence(k, sentence, sizeof sentence);
    switch (k->state) {
    case KEYRING_OK:
        doctor_tell(d, DOCTOR_OK, "keyring.state", "%s", sentence);
        return;
    case KEYRING_LOCKED:
        doctor_advise(d, "unlock it in your desktop's password manager");
        doctor_tell(d, DOCTOR_WARNING, "keyring.state", "%s", sentence);
        return;
    case KEYRING_NO_PROGRAM:
        doctor_advise(d, "install it, or: parallel-credential logout; then "
                         "set store = file");
        break;
    case KEYRING_HUNG:
        doctor_advise(d, "restart the keyring's daemon, or raise "
                         "keyring_timeout");
        break;
    default:
        doctor_advise(d, "log in at the desktop; or, there: "
                         "parallel-credential move-store file");
    }
    doctor_tell(d, DOCTOR_WRONG, "keyring.state",
                "%s, and the credentials are to lie there", sentence);
}

/* Nothing was chosen yet: what would auto choose? It is asked, and not
 * started. */
static void
keyring_foretell(struct doctor *d)
{
    struct keyring *k = &d->b->credential.store.keyring;
    char sentence[256];

    k->start = false;
    switch (keyring_load(k)) {
    case KEYRING_OK:
        doctor_tell(d, DOCTOR_OK, "keyring.state",
                    "it is open: a sign-in would be kept there");
        return;
    case KEYRING_LOCKED:
        doctor_tell(d, DOCTOR_OK, "keyring.state",
                    "it is locked: a sign-in would be kept in the private "
                    "file until it is open");
        return;
    case KEYRING_HUNG:
        doctor_advise(d, "restart the keyring's daemon, or set store = file");
        doctor_tell(d, DOCTOR_WARNING, "keyring.state", "%s",
                    keyring_sentence(k, sentence, sizeof sentence));
        return;
    default:
        doctor_tell(d, DOCTOR_OK, "keyring.state",
                    "%s: a sign-in would be kept in the private file",
                    keyring_sentence(k, sentence, sizeof sentence));
    }
}

void
doctor_keyring(struct doctor *d)
{
    const struct store *store = &d->b->credential.store;

    if (!d->has_store)
        return;
    if (store->keyring.state != KEYRING_UNASKED) {
        keyring_judge(d);
    } else if (d->b->config.store != STORE_AUTO ||
               store->chosen == STORE_FILE) {
        doctor_tell(d, DOCTOR_OK, "keyring.state",
                    "it is not asked: the private file is the store");
    } else {
        keyring_foretell(d);
    }
}
