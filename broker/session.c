/*
 * session.c - a login has reached its session: session-open, session-poll.
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

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/fields.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"
#include "lib/base/spawn.h"
#include "lib/base/text.h"
#include "lib/wrap/qr.h"

/* After trouble with the service: no code for this long: ms. */
#define SESSION_TROUBLE_PAUSE (5 * 60 * 1000)
#define SESSION_QR_WIDTH      72
/* How often to look at what the poller has done: ms. */
#define SESSION_LOOK 20
/* How long a poller may take to end once it has noted the end: ms. */
#define SESSION_POLLER_ENDS 1000

/* ---- events ------------------------------------------------------------ */

static void
session_send(struct secret *events)
{
    if (events->len > 0)
        file_write_all(STDOUT_FILENO, events->data, events->len);
    secret_release(events);
}

static void
session_put(struct secret *events, const char *event)
{
    fields_put(events, "event", event);
}

static void
session_put_done(struct secret *events)
{
    session_put(events, EVENT_DONE);
    fields_end(events);
}

static void
session_put_error(struct secret *events, const struct error *err)
{
    session_put(events, EVENT_ERROR);
    fields_put(events, "text", err->text);
    fields_end(events);
}

static void
session_put_environment(const struct broker *b, const struct record *r,
                        struct secret *events)
{
    if (!b->config.export_environment || secret_is_empty(&r->api_key))
        return;
    session_put(events, EVENT_ENVIRONMENT);
    fields_put(events, "PARALLEL_API_KEY", r->api_key.data);
    fields_put(events, "PARALLEL_CREDENTIAL_KEY_ID", r->api_key_id);
    fields_end(events);
}

/* Each line of a picture is a value of its own. */
static void
session_put_qr(const struct device_code *code, struct secret *events)
{
    CLEANUP(secret_release) struct secret picture = SECRET_INIT;
    char *line, *next;
    int width;

    if (!code->verification_uri_complete ||
        qr_draw(code->verification_uri_complete, 2, 0, SESSION_QR_WIDTH,
                &picture, &width) < 0)
        return;
    for (line = picture.data; line && *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        fields_put(events, "qr[]", line);
    }
}

static void
session_put_authorize(const struct broker *b, const struct device_code *code,
                      struct secret *events)
{
    session_put(events, EVENT_AUTHORIZE);
    fields_put(events, "verification_uri", code->verification_uri);
    if (code->verification_uri_complete)
        fields_put(events, "verification_uri_complete",
                   code->verification_uri_complete);
    fields_put(events, "user_code", code->user_code);
    fields_put_number(events, "expires_in", code->expires_in_ms / 1000);
    if (b->qr)
        session_put_qr(code, events);
    fields_end(events);
}

static const char session_undo[] =
    "If that was not you, undo it: parallel-credential logout";

static const char *
session_connected(char *line, size_t size, const char *organization,
                  int64_t approved)
{
    time_t at = (time_t)(approved / 1000);
    char date[32] = "";
    struct tm tm;

    if (localtime_r(&at, &tm))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
    snprintf(line, size,
             "This account is now connected to Parallel%s%s (approved %s).",
             *organization ? " as " : "", organization, date);
    return line;
}

static void
session_put_connected(const char *organization, int64_t approved,
                      struct secret *events)
{
    char line[512];

    session_put(events, EVENT_MESSAGE);
    fields_put(events, "text[]",
               session_connected(line, sizeof line, organization, approved));
    fields_put(events, "text[]", session_undo);
    fields_end(events);
}

/* ---- what is pending -----------------------------------------------------
 */

enum pending_status
session_pending(const struct broker *b, struct pending *pending)
{
    return pending_load(pending, &b->place);
}

void
session_settle(const struct broker *b, bool declined)
{
    struct prompt prompt = {.declined = declined};

    prompt_save(&prompt, &b->place);
    pending_remove(&b->place);
}

static const char *
session_organization(const struct record *r)
{
    return *r->org_name ? r->org_name : r->org_id;
}

/* The person has approved: who opens a session next tells. */
static void
session_note_approval(const struct broker *b, const struct record *r)
{
    struct prompt prompt = {.approved = clock_now().real};

    text_show(prompt.organization, sizeof prompt.organization,
              session_organization(r));
    /* In this order: who sees that nothing is pending reads the other. */
    prompt_save(&prompt, &b->place);
    pending_remove(&b->place);
}

/* While a poll was made, a login by hand may have taken the code away. */
static bool
session_is_pending(const struct broker *b)
{
    CLEANUP(pending_release) struct pending there = {0};

    return session_pending(b, &there) != PENDING_NONE;
}

/* The code is of no more use: when may the next one be shown? */
static void
session_note_end(const struct broker *b, const struct pending *pending,
                 bool declined)
{
    struct prompt prompt;

    if (!session_is_pending(b))
        return;
    prompt_load(&prompt, &b->place);
    if (declined)
        prompt.declined = true;
    else
        prompt_note_unused(&prompt, pending->unseen, pending->ends,
                           b->config.prompt_backoff_ms);
    prompt_save(&prompt, &b->place);
    pending_remove(&b->place);
}

/* A poll was made; the next one may be some time later. -1: that cannot be
 * kept, and then the code has to go, or every session would poll at once. */
static int
session_note_poll(const struct broker *b, const struct pending *pending)
{
    if (!session_is_pending(b))
        return -1;
    if (pending_save(pending, &b->place, NULL) == 0)
        return 0;
    pending_remove(&b->place);
    return -1;
}

/* One poll, and what follows from it for the files. */
static enum credential_approval
session_poll_once(struct broker *b, struct pending *pending,
                  struct record **record, struct error *err)
{
    enum credential_approval approval =
        credential_poll(&b->credential, pending, record, err);

    switch (approval) {
    case APPROVAL_GRANTED:
        session_note_approval(b, *record);
        break;
    case APPROVAL_PENDING:
        if (session_note_poll(b, pending) < 0)
            return APPROVAL_FAILED;
        break;
    case APPROVAL_DENIED:
    case APPROVAL_EXPIRED:
    case APPROVAL_FAILED:
        session_note_end(b, pending, approval == APPROVAL_DENIED);
        break;
    }
    return approval;
}

bool
session_ask_again(struct broker *b, struct record **record)
{
    CLEANUP(pending_release) struct pending pending = {0};
    struct error ignored = ERROR_INIT;
    cleanup_close int polling = pending_take(&b->place, 0);

    return polling >= 0 && session_pending(b, &pending) == PENDING_LIVE &&
           pending_wait(&pending) == 0 &&
           session_poll_once(b, &pending, record, &ignored) ==
               APPROVAL_GRANTED;
}

void
session_print_news(const struct broker *b)
{
    CLEANUP(pending_release) struct pending pending = {0};
    struct prompt prompt;
    char line[512];

    if (session_pending(b, &pending) == PENDING_LIVE)
        printf("To connect this account to Parallel, open\n    %s\n"
               "and approve the code %s\n",
               pending.code.verification_uri_complete
                   ? pending.code.verification_uri_complete
                   : pending.code.verification_uri,
               pending.code.user_code);
    prompt_load(&prompt, &b->place);
    if (prompt.approved == 0)
        return;
    printf("%s\n%s\n",
           session_connected(line, sizeof line, prompt.organization,
                             prompt.approved),
           session_undo);
    prompt.approved = 0;
    prompt_save(&prompt, &b->place);
}

/* ---- session-open --------------------------------------------------------
 */

static int
session_start_poller(int polling, struct error *err)
{
    char option[32];
    char *argv[] = {(char *)"parallel-credential", (char *)"session-poll",
                    option, NULL};

    snprintf(option, sizeof option, "--polling=%d", polling);
    return spawn_detached(BROKER_PATH, argv, STDOUT_FILENO, polling, err);
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
    for (;;) {
        CLEANUP(pending_release) struct pending now = {0};
        struct pollfd pipe = {.fd = STDOUT_FILENO, .events = 0};
        int64_t left = end - clock_now().boot;

        if (left <= 0 || session_pending(b, &now) == PENDING_NONE ||
            (polled && now.next_poll != known->next_poll))
            return;
        if (poll(&pipe, 1, (int)(left < SESSION_LOOK ? left : SESSION_LOOK)) >
                0 &&
            (pipe.revents & POLLERR))
            return;
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
    session_put(events, EVENT_MESSAGE);
    fields_put(events, "text[]",
               "No approval so far. The code stays good; there is no need to "
               "wait for it.");
    fields_end(events);
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
    session_put_authorize(b, &pending.code, events);
    if (b->wait <= 0)
        return 0;
    close(steal_fd(&starting));
    session_send(events);
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
    if (prompt.approved == 0 || b->silent)
        return;
    session_put_connected(prompt.organization, prompt.approved, events);
    prompt.approved = 0;
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
    session_put_environment(b, r, events);
    session_put_done(events);
    session_send(events);
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
    if (broker_open(b, err) == 0) {
        b->credential.lock_limit_ms = b->config.connect_timeout_ms;
        result = session_use_stored(b, &events, err);
        if (result == 0 && !b->silent) {
            result = session_authorize(b, &events, err);
            /* It may have been approved meanwhile. */
            if (result == 0)
                result = session_use_stored(b, &events, err);
        }
    }
    if (result < 0)
        session_put_error(&events, err);
    if (result <= 0)
        session_put_done(&events);
    session_send(&events);
    return result < 0 ? -1 : 0;
}

/* ---- session-poll --------------------------------------------------------
 */

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
            !session_wait(pending_wait(&pending)) ||
            session_poll_once(b, &pending, &record, &ignored) !=
                APPROVAL_PENDING)
            return;
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
