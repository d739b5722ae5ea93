/*
 * session_poll.c - wait for a person in the background: session-poll.
 *
 * Standard output is the pipe of the session that we belong to.
 */
#include "broker/session.h"

#include "broker/key.h"

#include <poll.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

/*
 * Wait until the next poll. false when the session has ended: nobody holds
 * the other end of the pipe any more.
 */
static bool
session_wait(int64_t ms)
{
    int64_t end = clock_now().boot + ms;

    for (;;) {
        struct pollfd pipe = {.fd = STDOUT_FILENO, .events = 0};
        int64_t left = end - clock_now().boot;

        if (left <= 0)
            return true;
        if (poll(&pipe, 1, (int)(left < 3600000 ? left : 3600000)) > 0 &&
            (pipe.revents & POLLERR))
            return false;
    }
}

static void
session_watch_code(struct broker *b)
{
    struct error ignored = ERROR_INIT;
    struct record *record;

    for (;;) {
        CLEANUP(pending_release) struct pending pending = {0};

        /* Read anew each time: a login by hand takes it away. */
        if (session_pending(b, &pending) == PENDING_NONE ||
            !session_wait(pending_wait(&pending)))
            return;
        switch (session_poll_once(b, &pending, &record, &ignored)) {
        case APPROVAL_PENDING:
            break;
        case APPROVAL_GRANTED:
            key_ensure(b, false);
            return;
        default:
            return;
        }
    }
}

int
broker_session_poll(struct broker *b, int *status, struct error *err)
{
    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    if (!pending_is_taken(&b->place, (int)b->polling))
        return error_set(err, FAIL_INPUT, "usage",
                         "session-poll is for a login's session only");
    session_watch_code(b);
    return 0;
}
