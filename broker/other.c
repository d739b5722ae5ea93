/*
 * other.c - any host's credentials, for git: get, store and erase with
 * --any-host, when the address is none of ours.
 */
#include "broker/broker.h"

#include "lib/base/cleanup.h"
#include "lib/base/other.h"

int
broker_is_other(struct broker *b, const struct fields *block,
                struct error *err)
{
    struct request request;
    int owns;

    if (!b->any_host)
        return 0;
    if (broker_open(b, err) < 0)
        return -1;
    if (request_read(&request, block) < 0)
        return credential_read(&b->credential, err) < 0 ? -1 : 1;
    owns = credential_owns(&b->credential, request.origin, request.path, err);
    return owns < 0 ? -1 : !owns;
}

int
broker_get_other(struct broker *b, const struct fields *block,
                 struct error *err)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    struct other other;

    if (other_request_git(&request, block) < 0)
        return 0;
    switch (credential_find_other(&b->credential, &request, &other, err)) {
    case CREDENTIAL_OK:
        break;
    case CREDENTIAL_NONE:
        return 0;
    default:
        return -1;
    }
    if (other_answer_git(&answer, &request, &other, clock_now().real) < 0)
        return error_set(err, FAIL_SERVICE, "output",
                         "the credential cannot be written as an answer");
    return answer.len ? broker_print(&answer, err) : 0;
}

int
broker_store_other(struct broker *b, const struct fields *block,
                   struct error *err)
{
    CLEANUP(other_request_release) struct other_request request = {0};

    if (other_request_git(&request, block) < 0)
        return 0;
    return credential_put_other(&b->credential, &request, err);
}

int
broker_erase_other(struct broker *b, const struct fields *block,
                   struct error *err)
{
    CLEANUP(other_request_release) struct other_request request = {0};

    if (other_request_git(&request, block) < 0)
        return 0;
    return credential_erase_other(&b->credential, &request, err);
}
