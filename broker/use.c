#include "broker/broker.h"

#include <string.h>

#include "broker/manager.h"
#include "lib/base/text.h"

int
broker_use(struct broker *b, int *status, struct error *err)
{
    const char *wanted = b->operand[0];
    struct record *r = NULL;
    char shown[128];

    (void)status;
    if (!wanted || !*wanted)
        return error_set(err, FAIL_INPUT, "usage",
                         "use: which organization? See: parallel-credential "
                         "status");
    if (broker_open(b, err) < 0 ||
        credential_select(&b->credential, wanted, &r, err) != CREDENTIAL_OK)
        return -1;
    manager_settle(b);
    broker_say(b, "the credential for %s is used from now on",
               text_show(shown, sizeof shown,
                         *r->org_name ? r->org_name : r->org_id));
    return 0;
}
