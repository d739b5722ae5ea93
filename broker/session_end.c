/*
 * session_end.c - the last session of a person is over: session-end, from the
 * service of the user manager that stops with it.
 *
 * This is no logout of the person's own: the next login shows a code again.
 */
#include "broker/broker.h"

#include <string.h>

/* How long somebody else may be at the store, who renews for example: ms. */
#define SESSION_END_LOCK 20000

/* A mistake in the person's own configuration does not keep what the
 * administrator's ends. */
static int
session_end_open(struct broker *b, struct error *err)
{
    if (broker_open(b, err) == 0)
        return 0;
    if (b->is_open || strcmp(err->id, "config") != 0)
        return -1;
    *err = (struct error)ERROR_INIT;
    b->system_only = true;
    return broker_open(b, err);
}

int
broker_session_end(struct broker *b, int *status, struct error *err)
{
    enum credential_result result;

    (void)status;
    if (session_end_open(b, err) < 0)
        return -1;
    if (b->credential.lock_limit_ms > SESSION_END_LOCK)
        b->credential.lock_limit_ms = SESSION_END_LOCK;
    if (!b->retry && b->config.logout == LOGOUT_KEEP)
        return 0;
    result = credential_end_session(&b->credential, !b->retry, err);
    return result == CREDENTIAL_FAILED ? -1 : 0;
}
