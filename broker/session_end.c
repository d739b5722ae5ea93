/*
 * session_end.c - the last session of a person is over: session-end, from the
 * service of the user manager that stops with it.
 *
 * This is no logout of the person's own: the next login shows a code again.
 */
#include "broker/broker.h"

int
broker_session_end(struct broker *b, int *status, struct error *err)
{
    enum credential_result result;

    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    if (!b->retry && b->config.logout == LOGOUT_KEEP)
        return 0;
    result = credential_end_session(&b->credential, !b->retry, err);
    return result == CREDENTIAL_FAILED ? -1 : 0;
}
