/*
 * store.c - what git tells us after it has used a credential: store, erase.
 */
#include "broker/broker.h"

#include <string.h>
#include <unistd.h>

#include "broker/key.h"
#include "broker/manager.h"
#include "lib/base/answer.h"
#include "lib/base/cleanup.h"

typedef int store_other_fn(struct broker *b, const struct fields *block,
                           struct error *err);

/* 1: there is something to look at. What is about another service goes to
 * tell. */
static int
store_read_notice(struct broker *b, struct fields *block,
                  struct request *request, store_other_fn *tell,
                  struct error *err)
{
    int other;

    if (request_receive(block, STDIN_FILENO, err) < 0)
        return -1;
    other = broker_is_other(b, block, err);
    if (other)
        return other < 0 ? -1 : tell(b, block, err);
    if (request_read(request, block) < 0 || !request->password ||
        !*request->password)
        return 0;
    return broker_open(b, err) < 0 ? -1 : 1;
}

int
broker_store(struct broker *b, int *status, struct error *err)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    struct request request;
    int result =
        store_read_notice(b, &block, &request, broker_store_other, err);

    (void)status;
    if (result <= 0)
        return result;
    if (request.expires ||
        (request.username && strcmp(request.username, ANSWER_TOKEN_USER) == 0))
        return 0; /* our own answer, come back */
    result = credential_set_key(&b->credential, request.origin, request.path,
                                request.password, err);
    if (result == 0)
        manager_settle(b);
    return result;
}

int
broker_erase(struct broker *b, int *status, struct error *err)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    struct request request;
    int result =
        store_read_notice(b, &block, &request, broker_erase_other, err);

    (void)status;
    if (result <= 0)
        return result;
    if (credential_erase(&b->credential, request.origin, request.path,
                         request.password, err) < 0)
        return -1;
    /* A key that is refused is made anew at once: the front would go on with
     * the access token. */
    if (made_keys_count(&b->credential.store.made, MADE_UNWANTED) > 0)
        key_ensure(b, false);
    else
        manager_settle(b);
    return 0;
}
