#include "broker/broker.h"

#include "broker/key.h"

int
broker_refresh(struct broker *b, int *status, struct error *err)
{
    struct record *record;

    (void)status;
    if (broker_open(b, err) < 0 ||
        credential_token(&b->credential,
                         b->if_due ? CREDENTIAL_DUE : CREDENTIAL_NEW, 0,
                         &record, err) != CREDENTIAL_OK)
        return -1;
    key_ensure(b, false);
    return 0;
}
