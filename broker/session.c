/*
 * session.c - a login has reached its session: session-open, session-poll.
 *
 *   stored? ── yes ── environment, done; renew in the background
 *     no
 *     code pending? ── no ── may one be shown? ── no ── done
 *     │                              yes
 *     │                      ask for one, keep it
 *     └── authorize, done;  nobody polls? ── session-poll, detached
 *
 *   session-poll: wait the interval, poll; ends when the code does, when the
 *   person has decided, or when the session has (its end of the pipe closes)
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

static bool
session_boot_matters(const struct broker *b)
{
    return b->place.runtime[0] != '\0';
}

enum pending_status
session_pending(const struct broker *b, struct pending *pending)
{
    return pending_load(pending, b->credential.session.folder,
                        session_boot_matters(b));
}

void
session_settle(const struct broker *b, bool declined)
{
    struct prompt prompt = {.declined = declined};

    if (b->credential.session.folder >= 0)
        pending_remove(b->credential.session.folder);
    prompt_save(&prompt, &b->place);
}

static const char *
session_organization(const struct record *r)
{
    return *r->org_name ? r->org_name : r->org_id;
}

/* The person has approved: the next login tells, unless this one does. */
static void
session_note_approval(const struct broker *b, const struct record *r,
                      bool tell)
{
    struct prompt prompt = {.approved = tell ? clock_now().real : 0};

    text_show(prompt.organization, sizeof prompt.organization,
              session_organization(r));
    pending_remove(b->credential.session.folder);
    prompt_save(&prompt, &b->place);
}

/* The code is of no more use: when may the next one be shown? */
static void
session_note_end(const struct broker *b, const struct pending *pending,
                 bool declined)
{
    struct prompt prompt;

    prompt_load(&prompt, &b->place);
    if (declined)
        prompt.declined = true;
    else
        prompt_note_unused(&prompt, pending->unseen,
                           b->config.prompt_backoff_ms);
    pending_remove(b->credential.session.folder);
    prompt_save(&prompt, &b->place);
}

/* One poll, and what follows from it for the files. */
static enum credential_approval
session_poll_once(struct broker *b, struct pending *pending, bool tell,
                  struct record **record, struct error *err)
{
    enum credential_approval approval =
        credential_poll(&b->credential, pending, record, err);

    switch (approval) {
    case APPROVAL_GRANTED:
        session_note_approval(b, *record, tell);
        break;
    case APPROVAL_PENDING:
        pending_save(pending, b->credential.session.folder, "",
                     session_boot_matters(b), NULL);
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
    int folder = b->credential.session.folder;
    cleanup_close int polling = folder >= 0 ? pending_take(folder) : -1;

    return polling >= 0 && session_pending(b, &pending) == PENDING_LIVE &&
           pending_wait(&pending) == 0 &&
           session_poll_once(b, &pending, true, record, &ignored) ==
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
session_start_poller(const struct broker *b, int polling, struct error *err)
{
    char polling_option[32], wait_option[48];
    char *argv[] = {(char *)"parallel-credential", (char *)"session-poll",
                    polling_option, b->wait > 0 ? wait_option : NULL, NULL};

    snprintf(polling_option, sizeof polling_option, "--polling=%d", polling);
    snprintf(wait_option, sizeof wait_option, "--wait=%lld",
             (long long)b->wait / 1000);
    return spawn_detached(BROKER_PATH, argv, STDOUT_FILENO, polling, err);
}

/* A new code, kept before it is shown; the lock "renewing" is held. */
static int
session_ask_code(struct broker *b, struct pending *pending, struct error *err)
{
    struct credential *c = &b->credential;
    struct prompt before, hold;

    /* Noted first: whoever kills us because it takes too long shall not be
     * held up at the next login as well. */
    prompt_load(&before, &b->place);
    hold = before;
    prompt_hold(&hold, SESSION_TROUBLE_PAUSE);
    prompt_save(&hold, &b->place);
    if (credential_begin(c, NULL, b->config.connect_timeout_ms, pending,
                         err) != CREDENTIAL_OK)
        return -1;
    pending->unseen = b->ssh;
    if (pending_save(pending, c->session.folder, cache_folder(&b->place),
                     session_boot_matters(b), err) < 0)
        return -1;
    prompt_save(&before, &b->place);
    return 0;
}

/* The code to show: one that is pending, else a new one if that is allowed.
 * 1: none, and that is as it should be. */
static int
session_find_code(struct broker *b, struct pending *pending, struct error *err)
{
    struct prompt prompt;

    switch (session_pending(b, pending)) {
    case PENDING_LIVE:
        return 0;
    case PENDING_OVER:
        session_note_end(b, pending, false);
        pending_release(pending);
        break;
    case PENDING_NONE:
        break;
    }
    prompt_load(&prompt, &b->place);
    if (!prompt_is_allowed(&prompt))
        return 1;
    return session_ask_code(b, pending, err);
}

/* 0: the events are complete but for the last; 1: the poller, which holds the
 * login for a while, will send that. */
static int
session_authorize(struct broker *b, struct secret *events, struct error *err)
{
    CLEANUP(pending_release) struct pending pending = {0};
    struct session *session = &b->credential.session;
    cleanup_close int polling = -1;
    cleanup_close int starting = -1;
    int result;

    /* One start at a time; the others find its code. */
    if (file_open_folder(cache_folder(&b->place), true, &session->folder,
                         err) == FILE_FAILED)
        return -1;
    if (lock_take(session->folder, cache_folder(&b->place), "starting",
                  LOCK_EXCLUSIVE, (int)b->config.connect_timeout_ms, &starting,
                  err) != LOCK_TAKEN)
        return -1;
    result = session_find_code(b, &pending, err);
    if (result != 0)
        return result < 0 ? -1 : 0;
    polling = pending_take(session->folder);
    session_put_authorize(b, &pending.code, events);
    if (polling < 0)
        return 0; /* somebody polls already */
    if (b->wait > 0)
        session_send(events);
    if (session_start_poller(b, polling, err) < 0)
        return -1;
    return b->wait > 0 ? 1 : 0;
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

/* Something is stored: no network, no waiting. */
static void
session_use_stored(struct broker *b, const struct record *r,
                   struct secret *events)
{
    static char *const argv[] = {(char *)"parallel-credential",
                                 (char *)"refresh", (char *)"--if-due",
                                 (char *)"--quiet", NULL};
    struct credential *c = &b->credential;

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
}

static bool
session_is_connected(const struct record *r)
{
    return (!secret_is_empty(&r->refresh) && !r->refused) ||
           record_is_fresh(r, clock_now(), 0) || !secret_is_empty(&r->api_key);
}

int
broker_session_open(struct broker *b, int *status, struct error *err)
{
    CLEANUP(secret_release) struct secret events = SECRET_INIT;
    struct record *r = NULL;
    int result = -1;

    (void)status;
    if (broker_open(b, err) == 0) {
        b->credential.lock_limit_ms = b->config.connect_timeout_ms;
        switch (credential_find(&b->credential, &r, err)) {
        case CREDENTIAL_FAILED:
            break;
        case CREDENTIAL_OK:
            if (session_is_connected(r)) {
                session_use_stored(b, r, &events);
                return 0;
            }
            __attribute__((fallthrough));
        case CREDENTIAL_NONE:
        case CREDENTIAL_REFUSED:
            result = b->silent ? 0 : session_authorize(b, &events, err);
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

struct session_watch {
    struct broker *b;
    bool held;    /* the login still waits for us */
    int64_t ends; /* until when: boot clock, ms */
};

static void
session_let_go(struct session_watch *watch, const struct record *r)
{
    CLEANUP(secret_release) struct secret events = SECRET_INIT;

    if (!watch->held)
        return;
    watch->held = false;
    if (r) {
        session_put_connected(session_organization(r), clock_now().real,
                              &events);
        session_put_environment(watch->b, r, &events);
    }
    session_put_done(&events);
    session_send(&events);
}

/*
 * Wait until the next poll. false when the session has ended: nobody holds
 * the other end of the pipe any more.
 */
static bool
session_wait(struct session_watch *watch, int64_t ms)
{
    int64_t end = clock_now().boot + ms;

    for (;;) {
        struct pollfd pipe = {.fd = STDOUT_FILENO, .events = 0};
        int64_t now = clock_now().boot;
        int64_t left = end - now;

        if (watch->held && watch->ends <= now)
            session_let_go(watch, NULL);
        if (watch->held && watch->ends - now < left)
            left = watch->ends - now;
        if (left <= 0)
            return true;
        if (poll(&pipe, 1, (int)left) > 0 && (pipe.revents & POLLERR))
            return false;
    }
}

static enum credential_approval
session_watch_code(struct session_watch *watch, struct record **record)
{
    struct error ignored = ERROR_INIT;

    for (;;) {
        CLEANUP(pending_release) struct pending pending = {0};
        enum credential_approval approval;

        /* Read anew each time: a login by hand takes it away. */
        if (session_pending(watch->b, &pending) == PENDING_NONE)
            return APPROVAL_FAILED;
        if (!session_wait(watch, pending_wait(&pending)))
            return APPROVAL_PENDING;
        approval = session_poll_once(watch->b, &pending, !watch->held, record,
                                     &ignored);
        if (approval != APPROVAL_PENDING)
            return approval;
    }
}

int
broker_session_poll(struct broker *b, int *status, struct error *err)
{
    struct session_watch watch = {.b = b, .held = b->wait > 0};
    struct record *r = NULL;

    (void)status;
    watch.ends = clock_now().boot + (b->wait > 0 ? b->wait : 0);
    if (broker_open(b, err) < 0)
        return -1;
    if (b->polling < 0 || b->credential.session.folder < 0 ||
        !lock_is_ours(b->credential.session.folder, PENDING_LOCK_NAME,
                      (int)b->polling))
        return error_set(err, FAIL_INPUT, "usage",
                         "session-poll is for a login's session only");
    session_watch_code(&watch, &r);
    session_let_go(&watch, r);
    return 0;
}
