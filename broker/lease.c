/*
 * lease.c - what the front lends a command: lease, for exec alone.
 */
#include "broker/broker.h"

#include "broker/session.h"
#include "lib/base/cleanup.h"
#include "lib/permit.h"

/* The credential with a token; not CREDENTIAL_OK: err says why, and *record is
 * what there is, or NULL. */
static enum credential_result
lease_find(struct broker *b, struct record **record, struct error *err)
{
    struct credential *c = &b->credential;
    struct error ignored = ERROR_INIT;
    enum credential_result result = credential_token(
        c, b->if_due ? CREDENTIAL_DUE : CREDENTIAL_FRESH, 0, record, err);

    if (result == CREDENTIAL_OK)
        return result;
    if (result != CREDENTIAL_FAILED && session_ask_again(b, record))
        return CREDENTIAL_OK;
    if (credential_find(c, record, &ignored) != CREDENTIAL_OK)
        *record = NULL;
    return result;
}

/* The folder where the token may lie for a while: on a disk only beside a
 * store that has it in the clear anyway. */
static const char *
lease_folder(const struct broker *b)
{
    if (b->place.runtime[0])
        return b->place.runtime;
    return store_is_file(&b->credential.store) ? b->place.state : NULL;
}

/* Nothing is lent; nor is an API key of the person's own where the policy does
 * not let it count. */
static int
lease_refuse(const struct broker *b)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    struct error ignored = ERROR_INIT;

    if (b->is_open &&
        (permit_person(&b->config, NULL) < 0 ||
         permit_asks_organization(&b->config)) &&
        fields_put(&block, "own_key_void", "1") == 0 &&
        fields_end(&block) == 0)
        broker_print(&block, &ignored);
    return -1;
}

/* Prints the credential's block, as in cache.h, and "folder"; the API key
 * also when there is no token. */
int
broker_lease(struct broker *b, int *status, struct error *err)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    struct record *record = NULL;
    struct error ignored = ERROR_INIT;
    enum credential_result found;
    int result = 0;

    (void)status;
    if (broker_open(b, err) < 0)
        return lease_refuse(b);
    found = lease_find(b, &record, err);
    if (!record)
        return lease_refuse(b);
    if (lease_folder(b))
        result = fields_put(&block, "folder", lease_folder(b));
    if (result |
        session_put_credential(&b->credential.session, &block, record) |
        fields_end(&block))
        return error_set(err, FAIL_SERVICE, "output",
                         "the credential cannot be handed over");
    result = broker_print(&block, found == CREDENTIAL_OK ? err : &ignored);
    return found == CREDENTIAL_OK ? result : -1;
}

/* The front does this; what comes here has been called wrongly. */
int
broker_exec(struct broker *b, int *status, struct error *err)
{
    (void)b;
    (void)status;
    return error_set(err, FAIL_INPUT, "usage",
                     "exec: which command is to be run?");
}
