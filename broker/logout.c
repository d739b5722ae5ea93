#include "broker/broker.h"

#include "broker/session.h"

int
broker_logout(struct broker *b, int *status, struct error *err)
{
    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    switch (credential_logout(&b->credential, b->all, err)) {
    case CREDENTIAL_OK:
        session_settle(b, true);
        broker_say(b, "signed out");
        return 0;
    case CREDENTIAL_NONE:
        broker_say(b, "nobody was signed in");
        return 0;
    case CREDENTIAL_REFUSED:
    case CREDENTIAL_FAILED:
        break;
    }
    return -1;
}
