/*
 * main.c - the web program: waits on the loopback address for the one browser
 * that brings the answer to a login; or only leads one to an address that
 * shall not stand in its arguments.
 *
 * A program of its own, because nothing else here shall link a web server.
 * lib/base/web.h has what the broker says to it. It ends with the broker, and
 * when its time is over; there is nothing that it could leave behind.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fields.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/base/url.h"
#include "lib/base/web.h"
#include "web/answer.h"
#include "web/listener.h"
#include "web/page.h"
#include "web/pkce.h"

#define DESK_START       "/start?"
#define DESK_SECONDS     600
#define DESK_SECONDS_MAX 86400
#define DESK_OUTCOME     120 /* s, from the answer on */
#define DESK_BLOCK_MAX   65536

struct desk {
    struct listener *listener;
    struct secret text;     /* what the broker has said first */
    struct fields request;  /* points into it */
    struct secret incoming; /* what it is saying now */
    struct secret state, verifier, ticket, address;
    const char *path; /* where the answer is waited for */
    struct answer answer;
    bool leads;    /* to address, and waits for no answer */
    bool once;     /* and ends when it has */
    bool opened;   /* the ticket has been used */
    bool answered; /* the one answer is here */
    bool refused;  /* and it was a refusal */
    int64_t ends;  /* the page has been let go: then all ends, at the latest */
};

/* ---- what browsers get ----------------------------------------------------
 */

static void
desk_reply(const struct desk *desk, struct listener_reply *reply, int status,
           enum page page)
{
    reply->status = status;
    page_write(page, fields_text(&desk->request, "service"), &reply->page);
}

static void
desk_lead(const struct desk *desk, struct listener_reply *reply)
{
    desk_reply(desk, reply, 303, PAGE_ELSEWHERE);
    reply->location = secret_text(&desk->address);
}

/* The address that our own browser is started with. Everybody can see it in
 * that browser's arguments, so it is of use to nobody else. */
static void
desk_start(struct desk *desk, struct listener_reply *reply)
{
    if (!listener_is_asked_by_us(desk->listener)) {
        desk_reply(desk, reply, 403, PAGE_WRONG);
        return;
    }
    if (desk->answered || desk->opened) {
        desk_reply(desk, reply, 410, PAGE_USED);
        return;
    }
    desk->opened = true;
    if (desk->once)
        reply->hold = true;
    else
        desk_lead(desk, reply);
}

/* All that was to be done: the end, as soon as the reply is on its way. */
static void
desk_lead_and_end(struct desk *desk)
{
    struct listener_reply reply = LISTENER_REPLY_INIT;

    desk_lead(desk, &reply);
    listener_release_held(desk->listener, &reply);
    secret_release(&reply.page);
    desk->ends = clock_now().boot + WEB_LINGER_MS;
    listener_run(desk->listener);
}

static bool
desk_is_start(const struct desk *desk, const char *target)
{
    return text_starts_with(target, DESK_START) &&
           !secret_is_empty(&desk->address) &&
           secret_equals(&desk->ticket, target + strlen(DESK_START));
}

static int
desk_tell_answer(const struct desk *desk)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    const struct answer *answer = &desk->answer;
    int result;

    if (*answer->error)
        result = fields_put(&block, "error", answer->error) |
                 fields_put(&block, "error_description", answer->description);
    else
        result =
            fields_put(&block, "code", secret_text(&answer->code)) |
            fields_put(&block, "code_verifier", secret_text(&desk->verifier));
    if (result != 0 || fields_end(&block) < 0)
        return -1;
    return file_write_all(STDIN_FILENO, block.data, block.len);
}

static void
desk_take_answer(struct desk *desk, struct answer *answer,
                 struct listener_reply *reply)
{
    if (desk->answered) {
        desk_reply(desk, reply, 410, PAGE_ANSWERED);
        return;
    }
    desk->answered = true;
    desk->answer = *answer;
    *answer = (struct answer)ANSWER_INIT;
    desk->refused = strcmp(desk->answer.error, "access_denied") == 0;
    alarm(DESK_OUTCOME);
    if (desk_tell_answer(desk) == 0)
        reply->hold = true;
    else
        desk_reply(desk, reply, 500, PAGE_FAILED);
    secret_release(&desk->answer.code);
    secret_release(&desk->verifier);
}

static void
desk_receive(void *context, const char *target, struct listener_reply *reply)
{
    struct desk *desk = context;
    const struct answer_rules rules = {
        desk->path, &desk->state, fields_get(&desk->request, "issuer"),
        fields_get(&desk->request, "iss_required") != NULL};
    CLEANUP(answer_release) struct answer answer = ANSWER_INIT;

    if (!target) {
        desk_reply(desk, reply, reply->status,
                   reply->status == 405 ? PAGE_METHOD : PAGE_WRONG);
        return;
    }
    if (desk_is_start(desk, target)) {
        desk_start(desk, reply);
        return;
    }
    if (desk->leads) {
        desk_reply(desk, reply, 404, PAGE_MISSING);
        return;
    }
    switch (answer_judge(&rules, target, &answer)) {
    case ANSWER_ELSEWHERE:
        desk_reply(desk, reply, 404, PAGE_MISSING);
        break;
    case ANSWER_WRONG:
        desk_reply(desk, reply, 400, PAGE_WRONG);
        break;
    case ANSWER_CODE:
    case ANSWER_ERROR:
        desk_take_answer(desk, &answer, reply);
        break;
    }
}

/* ---- what the broker says -------------------------------------------------
 */

/* Read what is there. 1: a block is whole; 0: not yet; -1: the end. */
static int
desk_read(struct secret *text)
{
    ssize_t n;

    if (text->len > DESK_BLOCK_MAX || secret_reserve(text, 16384) < 0)
        return -1;
    n = read(STDIN_FILENO, text->data + text->len, 16384);
    if (n < 0 && errno == EINTR)
        return 0;
    if (n <= 0)
        return -1;
    text->len += (size_t)n;
    text->data[text->len] = '\0';
    return text->len >= 2 && strcmp(text->data + text->len - 2, "\n\n") == 0;
}

static int
desk_parse(struct secret *text, struct fields *block)
{
    return fields_parse(block, text->data, text->len, false, NULL, NULL);
}

/* The outcome: the browser that waits for it may know. */
static void
desk_take_outcome(struct desk *desk, const char *outcome)
{
    struct listener_reply reply = LISTENER_REPLY_INIT;
    bool good = strcmp(outcome, WEB_OUTCOME_OK) == 0;

    desk_reply(desk, &reply, 200,
               good            ? PAGE_DONE
               : desk->refused ? PAGE_REFUSED
                               : PAGE_FAILED);
    listener_release_held(desk->listener, &reply);
    secret_release(&reply.page);
    desk->ends = clock_now().boot + WEB_LINGER_MS;
}

/* 0, or -1 when it is time to go. */
static int
desk_listen_to_broker(struct desk *desk)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    int whole = desk_read(&desk->incoming);
    const char *address;

    if (whole <= 0)
        return whole;
    if (desk->leads) /* it has been told all */
        return -1;
    if (desk_parse(&desk->incoming, &block) < 0)
        return -1;
    address = fields_get(&block, "address");
    if (address && secret_set(&desk->address, address, strlen(address)) < 0)
        return -1;
    if (fields_get(&block, "outcome"))
        desk_take_outcome(desk, fields_get(&block, "outcome"));
    secret_release(&desk->incoming);
    return 0;
}

/* ---- from the beginning to the end ----------------------------------------
 */

/* The path of an address, as it is written: "" or "/…". */
static const char *
desk_uri_path(const char *uri)
{
    const char *host = uri + strlen("http://");

    return host + strcspn(host, "/");
}

/* Where to listen; the port is 0 where any will do. */
static int
desk_read_redirect(struct desk *desk, uint16_t *port)
{
    const char *redirect = fields_get(&desk->request, "redirect");
    struct url url;

    *port = 0;
    desk->path = WEB_PATH_STANDARD;
    if (!redirect)
        return 0;
    if (url_parse(&url, redirect, NULL) < 0 || url.secure ||
        strcmp(url.host, "127.0.0.1") != 0)
        return -1;
    if (redirect[strlen("http://127.0.0.1")] == ':')
        *port = (uint16_t)url.port;
    desk->path = *url.path ? url.path : "/";
    return 0;
}

static int
desk_put_opener(const struct desk *desk, struct secret *block)
{
    CLEANUP(secret_release) struct secret open = SECRET_INIT;

    if (secret_append_text(&open, "http://") < 0 ||
        secret_append_text(&open, listener_host(desk->listener)) < 0 ||
        secret_append_text(&open, DESK_START) < 0 ||
        secret_append_text(&open, secret_text(&desk->ticket)) < 0)
        return -1;
    return fields_put(block, "open_uri", secret_text(&open));
}

static int
desk_put_ready(const struct desk *desk, struct secret *block)
{
    CLEANUP(secret_release) struct secret back = SECRET_INIT;
    const char *host = listener_host(desk->listener);
    const char *redirect = fields_get(&desk->request, "redirect");
    char challenge[PKCE_CHALLENGE_SIZE];

    /* To the letter what was asked for, but for a port that was not. */
    if (secret_append_text(&back, "http://") < 0 ||
        secret_append_text(&back, host) < 0 ||
        secret_append_text(&back, redirect ? desk_uri_path(redirect)
                                           : desk->path) < 0)
        return -1;
    if (pkce_challenge(&desk->verifier, challenge) < 0)
        return -1;
    return fields_put(block, "redirect_uri", secret_text(&back)) |
           fields_put(block, "state", secret_text(&desk->state)) |
           fields_put(block, "code_challenge", challenge);
}

/* What is asked for: an answer, or only to lead. */
static int
desk_take_order(struct desk *desk, uint16_t *port)
{
    const char *address = fields_get(&desk->request, "lead");

    desk->leads = address != NULL;
    desk->once = desk->leads && fields_get(&desk->request, "once");
    if (pkce_make_text(&desk->ticket) < 0)
        return -1;
    if (desk->leads) {
        *port = 0;
        return secret_set(&desk->address, address, strlen(address));
    }
    return desk_read_redirect(desk, port) < 0 ||
                   pkce_make_text(&desk->state) < 0 ||
                   pkce_make_text(&desk->verifier) < 0
               ? -1
               : 0;
}

/* Listen, and say where; or say why not. */
static int
desk_open(struct desk *desk)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    int result = -1;
    uint16_t port;

    errno = EINVAL;
    if (desk_take_order(desk, &port) == 0)
        desk->listener = listener_open(port, desk_receive, desk);
    if (desk->listener)
        result = desk_put_opener(desk, &block) |
                 (desk->leads ? 0 : desk_put_ready(desk, &block));
    else
        fields_put(&block, "trouble", strerror(errno));
    if (fields_end(&block) < 0 ||
        file_write_all(STDIN_FILENO, block.data, block.len) < 0)
        return -1;
    return result;
}

static void
desk_limit(const struct desk *desk)
{
    int64_t seconds = DESK_SECONDS;

    text_to_number(fields_text(&desk->request, "seconds"), DESK_SECONDS_MAX,
                   &seconds);
    alarm((unsigned)seconds + 1);
}

static bool
desk_is_over(const struct desk *desk)
{
    return desk->ends && (clock_now().boot >= desk->ends ||
                          !listener_is_holding(desk->listener));
}

static void
desk_serve(struct desk *desk)
{
    struct pollfd watch[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = listener_fd(desk->listener), .events = POLLIN}};

    while (!desk_is_over(desk)) {
        if (poll(watch, 2, listener_timeout(desk->listener)) < 0 &&
            errno != EINTR)
            return;
        if (watch[0].revents && desk_listen_to_broker(desk) < 0)
            return;
        listener_run(desk->listener);
        if (desk->once && desk->opened && !desk->ends)
            desk_lead_and_end(desk);
    }
}

static void
desk_release(struct desk *desk)
{
    listener_close(desk->listener);
    fields_release(&desk->request);
    answer_release(&desk->answer);
    secret_release(&desk->text);
    secret_release(&desk->incoming);
    secret_release(&desk->state);
    secret_release(&desk->verifier);
    secret_release(&desk->ticket);
    secret_release(&desk->address);
}

int
main(void)
{
    CLEANUP(desk_release) struct desk desk = {0};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t none;
    int whole;

    secret_harden_process();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(DESK_SECONDS);
    while ((whole = desk_read(&desk.text)) == 0)
        ;
    if (whole < 0 && !desk.text.len)
        return 0; /* nobody wants anything: but it can be started */
    if (whole < 0 || desk_parse(&desk.text, &desk.request) < 0)
        return 1;
    desk_limit(&desk);
    if (desk_open(&desk) < 0)
        return 1;
    desk_serve(&desk);
    return 0;
}
