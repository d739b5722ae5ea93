/*
 * session_show.c - a graphical session starts: session-show, from the
 * desktop's autostart.
 *
 * If a code waits for its person, his browser opens at its page: at every
 * start of a session for as long as the code lives, which is some minutes. No
 * code is asked for. Nothing opens where the code could not be given along
 * unseen: a desktop does not show it, and a page that asks for it would be of
 * no use.
 *
 * The desktop has a keyring: what an earlier session has ended there, and
 * could not tell the service, it is told now.
 */
#include "broker/session.h"

#include <errno.h>
#include <sys/wait.h>

#include "broker/browser.h"
#include "lib/base/cleanup.h"

/* How long a browser may take to come: s. */
#define SHOW_SECONDS 60

/* The rest of the code's life, if that is shorter. */
static int64_t
show_seconds(const struct pending *pending)
{
    int64_t left = (pending->ends - clock_now().real) / 1000;

    return left < 1 ? 1 : left < SHOW_SECONDS ? left : SHOW_SECONDS;
}

int
broker_session_show(struct broker *b, int *status, struct error *err)
{
    CLEANUP(pending_release) struct pending pending = {0};
    CLEANUP(web_release) struct web web = WEB_INIT;
    struct browser_page page = {&pending.code, NULL, 0, true, false};
    pid_t browser;

    (void)status;
    if (!browser_is_here())
        return 0;
    if (broker_open(b, err) < 0)
        return -1;
    credential_end_session(&b->credential, false, NULL);
    if (session_pending(b, &pending) != PENDING_LIVE)
        return 0;
    page.service = provider_title(pending.provider.name);
    page.seconds = show_seconds(&pending);
    browser = browser_open_page(&page, &web);
    if (browser < 0)
        return web.pid < 0 ? 0
                           : error_set(err, FAIL_SERVICE, "browser",
                                       "cannot open a browser: there is no "
                                       "xdg-open");
    web_wait(&web, page.seconds * 1000);
    pending_release(&pending);
    broker_close(b); /* there is nothing more to ask for */
    /* The desktop may end what outlives the program that it has started. */
    while (waitpid(browser, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}
