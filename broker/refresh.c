#include "broker/broker.h"

#include "broker/key.h"
#include "broker/manager.h"
#include "lib/base/cleanup.h"
#include "lib/permit.h"

static int
refresh_chosen(struct broker *b, struct error *err)
{
    struct record *record;

    if (credential_token(&b->credential,
                         b->if_due ? CREDENTIAL_DUE : CREDENTIAL_NEW, 0,
                         &record, err) != CREDENTIAL_OK)
        return -1;
    key_ensure(b, false);
    return 0;
}

/* What is to be renewed; what the policy keeps back is not. The records
 * themselves are read anew each time. */
static int
refresh_list(struct broker *b, struct copies *names, struct error *err)
{
    static const struct secret unknown = SECRET_INIT;
    struct credential *c = &b->credential;
    const struct record *r;
    size_t at = 0;

    if (credential_read(c, err) < 0)
        return -1;
    while ((r = store_next(&c->store, &at)))
        if (permit_record(&b->config, r, NULL) == 0 &&
            (b->keep_alive ? record_is_idle(r, clock_now())
                           : !secret_is_empty(&r->refresh)) &&
            copies_put(names, r->issuer, r->org_id, &unknown) < 0)
            return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

static int
refresh_named(struct broker *b, const struct copy *name, struct error *err)
{
    struct credential *c = &b->credential;
    const struct record *r =
        store_find(&c->store, NULL, name->issuer, name->org);

    if (!r)
        return 0;
    return credential_choose(c, r, err) < 0 ? -1 : refresh_chosen(b, err);
}

/* One that fails does not keep the others from being renewed. What may be
 * better next time goes before what a person has to see to. */
static int
refresh_all(struct broker *b, struct error *err)
{
    CLEANUP(copies_release) struct copies names = {NULL, 0};
    struct error trouble = ERROR_INIT;

    if (b->keep_alive)
        credential_end_session(&b->credential, false, NULL);
    if (refresh_list(b, &names, err) < 0)
        return -1;
    if (b->keep_alive) /* what an earlier command could not tell it */
        manager_settle(b);
    for (size_t i = 0; i < names.count; i++) {
        struct error one = ERROR_INIT;

        if (refresh_named(b, &names.item[i], &one) == 0)
            continue;
        broker_say(b, "%s", one.text);
        if (one.failure > trouble.failure)
            trouble = one;
    }
    /* What has been said already has no text any more. */
    err->failure = trouble.failure;
    if (trouble.failure)
        return -1;
    if (store_is_hidden(&b->credential.store))
        return keyring_explain(&b->credential.store.keyring, err);
    return 0;
}

int
broker_refresh(struct broker *b, int *status, struct error *err)
{
    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    return b->all || b->keep_alive ? refresh_all(b, err)
                                   : refresh_chosen(b, err);
}
