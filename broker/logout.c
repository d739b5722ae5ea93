#include "broker/broker.h"

#include <string.h>

#include "broker/session.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* The name of the credential that is signed in now, or "". */
static void
logout_current(struct broker *b, char *name, size_t size)
{
    struct record *r = NULL;
    struct error ignored = ERROR_INIT;

    name[0] = '\0';
    if (credential_find(&b->credential, &r, &ignored) == CREDENTIAL_OK)
        text_show(name, size, *r->org_name ? r->org_name : r->org_id);
}

/* Who leaves Parallel is not asked by the next login. */
static void
logout_settle(struct broker *b)
{
    if (b->all || provider_is_builtin(b->provider))
        session_settle(b, true);
}

/* There is nothing to end. An organization that was named wrongly tells
 * nothing about the others. */
static void
logout_say_nobody(struct broker *b)
{
    bool builtin = provider_is_builtin(b->provider);
    char shown[128];

    if (b->org && !b->all) {
        broker_say(b,
                   "nobody was signed in for the organization %s; see: "
                   "parallel-credential status",
                   text_show(shown, sizeof shown, b->org));
        return;
    }
    logout_settle(b);
    broker_say(b, "nobody was signed in%s%s", builtin || b->all ? "" : " to ",
               builtin || b->all ? "" : b->provider);
}

int
broker_logout(struct broker *b, int *status, struct error *err)
{
    char before[128], after[128];

    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    /* It is ended, whatever the policy says about it. */
    b->credential.exempt = true;
    logout_current(b, before, sizeof before);
    b->credential.exempt = false;
    switch (credential_logout(&b->credential, b->all, err)) {
    case CREDENTIAL_OK:
        break;
    case CREDENTIAL_NONE:
        logout_say_nobody(b);
        return 0;
    case CREDENTIAL_REFUSED:
    case CREDENTIAL_FAILED:
        if (strcmp(err->id, "revoke") == 0) {
            logout_settle(b);
            log_warning("%s", err->text);
        }
        return -1;
    }
    logout_settle(b);
    b->credential.choice.org = NULL;
    logout_current(b, after, sizeof after);
    if (*after)
        broker_say(b, "signed out of %s; still signed in for %s", before,
                   after);
    else
        broker_say(b, "signed out");
    return 0;
}
