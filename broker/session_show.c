/*
 * session_show.c - a graphical session starts: session-show, from the
 * desktop's autostart.
 *
 * If a code waits for its person, his browser opens at its page: at every
 * start of a session for as long as the code lives, which is some minutes. No
 * code is asked for.
 *
 * The desktop has a keyring: what an earlier session has ended there, and
 * could not tell the service, it is told now.
 */
#include "broker/session.h"

#include "broker/browser.h"
#include "lib/base/cleanup.h"

int
broker_session_show(struct broker *b, int *status, struct error *err)
{
    CLEANUP(pending_release) struct pending pending = {0};

    (void)status;
    if (!browser_is_here())
        return 0;
    if (broker_open(b, err) < 0)
        return -1;
    credential_end_session(&b->credential, false, NULL);
    if (session_pending(b, &pending) != PENDING_LIVE)
        return 0;
    /* It takes our place: the desktop ends what outlives its program. */
    browser_become(pending.code.verification_uri_complete
                       ? pending.code.verification_uri_complete
                       : pending.code.verification_uri);
    return error_set(err, FAIL_SERVICE, "browser",
                     "cannot open a browser: there is no xdg-open");
}
