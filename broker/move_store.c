#include "broker/broker.h"

#include <string.h>

#include "lib/base/text.h"

/* The store that is asked for; -1 with err. */
static int
move_target(const struct broker *b, struct error *err)
{
    const struct config_origin *origin = &b->config.origin[CONFIG_STORE];
    int kind = store_kind_of(b->operand[0] ? b->operand[0] : "");
    char shown[64];

    if (kind != STORE_FILE && kind != STORE_KEYRING)
        return error_set(err, FAIL_INPUT, "usage",
                         "%s: where to? Say secret-service or file",
                         text_show(shown, sizeof shown,
                                   b->operand[0] ? b->operand[0] : b->verb));
    if (b->config.store == STORE_AUTO && origin->lock)
        return error_set(err, FAIL_AUTH, POLICY_LOCKED,
                         "the administrator's policy locks store to auto (%s)",
                         origin->lock);
    if (b->config.store != STORE_AUTO &&
        b->config.store != (enum store_kind)kind)
        return error_set(err, FAIL_INPUT, "config",
                         "the configuration says store = %s (%s)",
                         store_kind_word(b->config.store), origin->text);
    return kind;
}

static void
move_say(const struct broker *b, enum store_kind to)
{
    const struct store *store = &b->credential.store;
    size_t at = 0, other_at = 0;
    const struct record *r = store_next(store, &at);
    char where[1024];

    if (!r)
        r = store_next_other(store, &other_at);
    if (r)
        broker_say(b, "the credential lies %s",
                   store_where(store, r, where, sizeof where));
    else
        broker_say(b, "nothing is stored; from now on the store is %s",
                   to == STORE_FILE ? "the private file" : "the keyring");
    if (store->to_erase.count > 0)
        broker_say(b, "the keyring could not be cleared of the old one yet; "
                      "that is done as soon as it is open");
}

int
broker_move_store(struct broker *b, int *status, struct error *err)
{
    int to;

    (void)status;
    if (broker_open(b, err) < 0 || (to = move_target(b, err)) < 0 ||
        credential_move(&b->credential, (enum store_kind)to, err) !=
            CREDENTIAL_OK)
        return -1;
    move_say(b, (enum store_kind)to);
    return 0;
}
