/*
 * session_open.c - a login has reached its session: session-open. It starts
 * session-poll.
 *
 *   stored? ── yes ── environment, done; renew in the background
 *     no
 *     code pending, and nobody polls? ── yes ── start the poller; approved
 *     │                                         meanwhile? then as above
 *     code pending? ── no ── may one be shown? ── no ── done
 *     │                              yes
 *     │                      ask for one, keep it, start the poller
 *     authorize ── may the login be held? ── yes ── approved in time? then
 *     done                                          as above
 *
 *   session-poll: wait the interval, poll; ends when the code does, when the
 *   person has decided, or when the session has (its end of the pipe closes)
 *
 * The two talk through the files alone: a poll that has been made shows in
 * "pending", and what came of the code in "prompt" and the store.
 */
#include "broker/session.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "broker/events.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"
#include "lib/base/spawn.h"
#include "lib/permit.h"

/* After trouble with the service: no code for this long: ms. */
#define SESSION_TROUBLE_PAUSE (5 * 60 * 1000)
/* How often to look at the files where the kernel does not tell of their
 * changes: ms. */
#define SESSION_LOOK 500
/* How long a poller may take to end once it has noted the end: ms. */
#define SESSION_POLLER_ENDS 1000

static int
session_start_poller(int polling, struct error *err)
{
    char option[32];
    char *argv[] = {(char *)"parallel-credential", (char *)"session-poll",
                    option, NULL};

    snprintf(option, sizeof option, "--polling=%d", polling);
    return spawn_detached(BROKER_PATH, argv, STDOUT_FILENO, polling, err);
}

/* Tells when a file in the state folder is replaced or removed. */
static int
session_watch_files(const struct broker *b)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd >= 0)
        inotify_add_watch(fd, b->place.state, IN_MOVED_TO | IN_DELETE);
    return fd;
}

/*
 * Wait until the code is no longer pending, or until end on the boot clock;
 * polled: or until the poller has asked once. Nobody is kept waiting who has
 * gone away.
 */
static void
session_await(const struct broker *b, const struct pending *known, bool polled,
              int64_t end)
{
    cleanup_close int files = session_watch_files(b);

    for (;;) {
        CLEANUP(pending_release) struct pending now = {0};
        struct pollfd watch[] = {{.fd = STDOUT_FILENO},
                                 {.fd = files, .events = POLLIN}};
        int64_t left = end - clock_now().boot;
        char changes[4096];

        if (left <= 0 || session_pending(b, &now) == PENDING_NONE ||
            (polled && now.next_poll != known->next_poll))
            return;
        if (poll(watch, 2, (int)(left < SESSION_LOOK ? left : SESSION_LOOK)) >
                0 &&
            (watch[0].revents & POLLERR))
            return;
        while (files >= 0 && read(files, changes, sizeof changes) > 0)
            ;
    }
}

/* Noted before the service is asked: whoever kills us because it takes too
 * long shall not be held up at the next login as well. */
static void
session_hold_prompts(const struct broker *b, struct prompt *before)
{
    struct prompt hold;

    prompt_load(before, &b->place);
    hold = *before;
    prompt_hold(&hold, SESSION_TROUBLE_PAUSE);
    prompt_save(&hold, &b->place);
}

/*
 * A code of an earlier session, and since its end nobody has asked what the
 * person has decided. The new poller asks at once, and if the service answers
 * soon, what it says is heeded: it may have been approved. Takes polling.
 */
static int
session_resume(const struct broker *b, const struct pending *pending,
               int *polling, int64_t end, struct error *err)
{
    CLEANUP(pending_release) struct pending after = {0};
    cleanup_close int passed_on = *polling;
    struct prompt before;
    bool await;

    *polling = -1;
    prompt_load(&before, &b->place);
    await = pending_wait(pending) == 0 && prompt_is_allowed(&before);
    if (await)
        session_hold_prompts(b, &before);
    if (session_start_poller(passed_on, err) < 0)
        return -1;
    if (!await)
        return 0;
    session_await(b, pending, true, end);
    /* What became of a code that has ended, the poller has noted. */
    if (session_pending(b, &after) != PENDING_NONE &&
        after.next_poll != pending->next_poll)
        prompt_save(&before, &b->place);
    return 0;
}

/* A new code, kept before it is shown, and a poller for it. */
static int
session_ask_code(struct broker *b, struct pending *pending, int polling,
                 int64_t end, struct error *err)
{
    int64_t left = end - clock_now().boot;
    struct prompt before;

    session_hold_prompts(b, &before);
    if (credential_begin(&b->credential, NULL, left > 1 ? left : 1, pending,
                         err) != CREDENTIAL_OK)
        return -1;
    pending->unseen = b->ssh;
    if (pending_save(pending, &b->place, err) < 0)
        return -1;
    prompt_save(&before, &b->place);
    return session_start_poller(polling, err);
}

static bool
session_is_connected(const struct record *r)
{
    return (!secret_is_empty(&r->refresh) && !r->refused) ||
           record_is_fresh(r, clock_now(), 0) || !secret_is_empty(&r->api_key);
}

/* 1: the person is connected; 0: not. */
static int
session_find_connected(struct broker *b, struct record **r, struct error *err)
{
    switch (credential_find(&b->credential, r, err)) {
    case CREDENTIAL_FAILED:
        /* What the policy keeps back connects nobody. */
        if (policy_is_cause(err))
            return 0;
        /* A keyring that is closed, and nothing is known to lie in it. */
        if (b->credential.store.unread &&
            !store_is_hidden(&b->credential.store))
            return 0;
        return -1;
    case CREDENTIAL_OK:
        return session_is_connected(*r);
    case CREDENTIAL_NONE:
    case CREDENTIAL_REFUSED:
        break;
    }
    return 0;
}

/* The code to show, which somebody polls for: one that is pending, else a new
 * one if that is allowed. 1: none, and that is as it should be. */
static int
session_find_code(struct broker *b, struct pending *pending, int64_t end,
                  struct error *err)
{
    cleanup_close int polling = pending_take(&b->place, 0);
    enum pending_status status = session_pending(b, pending);
    struct record *r = NULL;
    struct prompt prompt;
    int connected;

    /* A login that waits anyway shows a live code at once. */
    if (polling >= 0 && status != PENDING_NONE &&
        (status == PENDING_OVER || b->wait <= 0)) {
        if (session_resume(b, pending, &polling, end, err) < 0)
            return -1;
        pending_release(pending);
        status = session_pending(b, pending);
    }
    if (status == PENDING_LIVE)
        return polling < 0 ? 0 : session_start_poller(polling, err);
    pending_release(pending);
    connected = session_find_connected(b, &r, err);
    if (connected != 0)
        return connected;
    if (polling < 0)
        polling = pending_take(&b->place, SESSION_POLLER_ENDS);
    prompt_load(&prompt, &b->place);
    if (polling < 0 || !prompt_is_allowed(&prompt))
        return 1;
    return session_ask_code(b, pending, polling, end, err);
}

/* One start at a time; the others find its code. */
static enum lock_status
session_begin(const struct broker *b, int *starting, struct error *err)
{
    cleanup_close int folder = -1;

    if (file_open_folder(b->place.state, true, &folder, err) != FILE_OK)
        return LOCK_FAILED;
    return lock_take(folder, b->place.state, "starting", LOCK_EXCLUSIVE,
                     (int)b->config.connect_timeout_ms, starting, err);
}

/* The login has been held long enough. */
static void
session_put_not_yet(const struct broker *b, struct secret *events)
{
    CLEANUP(pending_release) struct pending pending = {0};

    if (session_pending(b, &pending) != PENDING_LIVE)
        return;
    events_put_message(events,
                       "No approval so far. The code stays good; there is "
                       "no need to wait for it.");
}

/* Show a code and, if the login may be held, wait for the approval. */
static int
session_authorize(struct broker *b, struct secret *events, struct error *err)
{
    CLEANUP(pending_release) struct pending pending = {0};
    cleanup_close int starting = -1;
    int64_t end = clock_now().boot + b->config.connect_timeout_ms;
    int result;

    switch (session_begin(b, &starting, err)) {
    case LOCK_FAILED:
        return -1;
    case LOCK_BUSY:
        return 0;
    case LOCK_TAKEN:
        break;
    }
    result = session_find_code(b, &pending, end, err);
    if (result != 0)
        return result < 0 ? -1 : 0;
    events_put_authorize(b, &pending.code, events);
    if (b->wait <= 0)
        return 0;
    close(steal_fd(&starting));
    events_send(events);
    session_await(b, &pending, false, clock_now().boot + b->wait);
    session_put_not_yet(b, events);
    return 0;
}

/* The lines about an approval that this session's person has not seen. */
static void
session_announce(const struct broker *b, struct secret *events)
{
    struct prompt prompt;

    prompt_load(&prompt, &b->place);
    if (b->silent || (prompt.approved == 0 && !prompt.notice[0]))
        return;
    if (prompt.notice[0])
        events_put_message(events, prompt.notice);
    if (prompt.approved)
        events_put_connected(prompt.organization, prompt.approved, events);
    prompt_announced(&prompt);
    prompt_save(&prompt, &b->place);
}

/* Something is stored: no network, no waiting. 1: all is said; 0: nothing
 * is. */
static int
session_use_stored(struct broker *b, struct secret *events, struct error *err)
{
    static char *const argv[] = {(char *)"parallel-credential",
                                 (char *)"refresh", (char *)"--if-due",
                                 (char *)"--quiet", NULL};
    struct credential *c = &b->credential;
    struct record *r = NULL;
    int connected = session_find_connected(b, &r, err);

    if (connected <= 0)
        return connected;
    session_announce(b, events);
    events_put_environment(b, r, events);
    events_put_done(events);
    events_send(events);
    if (session_lock(&c->session, true, 0, NULL) == 0)
        session_publish(&c->session, &c->store, NULL);
    session_unlock(&c->session);
    if (clock_reached(record_renew_from(r), clock_now()) &&
        !secret_is_empty(&r->refresh))
        spawn_detached(BROKER_PATH, argv, -1, -1, NULL);
    return 1;
}

int
broker_session_open(struct broker *b, int *status, struct error *err)
{
    CLEANUP(secret_release) struct secret events = SECRET_INIT;
    int result = -1;

    (void)status;
    if (broker_open(b, err) < 0) {
        result = -1;
    } else if (permit_person(&b->config, NULL) < 0) {
        /* Nobody is to be bothered with that at each login. */
        if (!b->silent)
            broker_log_denied(b);
        result = 0;
    } else {
        b->credential.lock_limit_ms = b->config.connect_timeout_ms;
        result = session_use_stored(b, &events, err);
        if (result == 0 && !b->silent) {
            result = session_authorize(b, &events, err);
            /* It may have been approved meanwhile, or thrown away. */
            if (result == 0)
                result = session_use_stored(b, &events, err);
            if (result == 0)
                session_announce(b, &events);
        }
    }
    if (result < 0)
        events_put_error(&events, err);
    if (result <= 0)
        events_put_done(&events);
    events_send(&events);
    return result < 0 ? -1 : 0;
}
