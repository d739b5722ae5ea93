#include "broker/interactive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/browser.h"
#include "broker/screen.h"
#include "lib/base/cleanup.h"

struct interactive {
    struct broker *b;
    struct screen screen;
    int64_t ends;     /* on the boot clock: the --wait of the command line */
    sigset_t outside; /* the signals as they were: let in only to wait */
    struct web web;   /* leads the browser, as long as we wait */
};

static volatile sig_atomic_t interactive_signal;

static void
interactive_note_signal(int number)
{
    interactive_signal = number;
}

/* From here on these signals come only while we wait. */
static void
interactive_catch(struct interactive *in)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction note = {.sa_handler = interactive_note_signal};
    sigset_t block;

    sigemptyset(&block);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaddset(&block, numbers[i]);
        sigaction(numbers[i], &note, NULL);
    }
    sigprocmask(SIG_BLOCK, &block, &in->outside);
}

/* Before there is a code: whether one of them is waiting to come. */
static bool
interactive_is_cancelled(void)
{
    sigset_t waiting;

    sigpending(&waiting);
    return sigismember(&waiting, SIGINT) || sigismember(&waiting, SIGTERM) ||
           sigismember(&waiting, SIGHUP) || sigismember(&waiting, SIGQUIT);
}

static void
interactive_show_json(const struct device_code *code)
{
    struct json *line = json_new_object();
    struct error ignored = ERROR_INIT;

    json_put_text(line, "status", "waiting_for_authorization");
    json_put_text(line, "verification_uri", code->verification_uri);
    json_put_text(line, "verification_uri_complete",
                  code->verification_uri_complete);
    json_put_text(line, "user_code", code->user_code);
    json_put_number(line, "expires_in", code->expires_in_ms / 1000);
    broker_print_json(line, &ignored);
}

static void
interactive_show(void *context, const struct device_code *code)
{
    struct interactive *in = context;
    const struct browser_page page = {
        code, in->screen.service, code->expires_in_ms / 1000 + 1, false, true};

    /* From here on an answer may bring a token: it is let come. */
    in->b->credential.http.cancelled = NULL;
    if (in->b->json)
        interactive_show_json(code);
    else
        screen_show_code(&in->screen, code);
    if (!in->b->no_browser && browser_is_here())
        browser_open_page(&page, &in->web);
}

static int
interactive_give_up(struct interactive *in, enum failure failure,
                    const char *id, const char *text, struct error *err)
{
    screen_end_time(&in->screen);
    return error_set(err, failure, id, "%s", text);
}

/* How the waiting went on. */
enum interactive_step {
    STEP_GIVE_UP = -1, /* err is filled */
    STEP_OVER,         /* it is end */
    STEP_READABLE      /* something is to be read from fd */
};

/* Until fd (-1: none) is readable, or end. In steps of a second, for the line
 * with the time left. */
static enum interactive_step
interactive_wait_until(struct interactive *in, int fd, int64_t end,
                       int64_t code_ends, struct error *err)
{
    struct pollfd watch = {.fd = fd, .events = POLLIN};

    for (;;) {
        int64_t now = clock_now().boot;
        int64_t left = end - now;
        int64_t step = left < 1000 ? left : 1000;
        struct timespec time;
        int ready;

        if (in->ends && now >= in->ends)
            return interactive_give_up(
                in, FAIL_TIMEOUT, "timeout",
                "nobody has approved within the time given with --wait", err);
        if (left <= 0)
            return STEP_OVER;
        if (in->ends && in->ends - now < step)
            step = in->ends - now;
        time = (struct timespec){step / 1000, step % 1000 * 1000000};
        if (!in->b->json)
            screen_show_time(&in->screen, code_ends - now);
        ready = ppoll(&watch, 1, &time, &in->outside);
        if (ready > 0)
            return STEP_READABLE;
        if (ready < 0 && interactive_signal)
            return interactive_give_up(in, FAIL_INTERRUPTED, "interrupted",
                                       "interrupted; nothing has changed",
                                       err);
    }
}

static int
interactive_wait(void *context, const struct device_code *code, int64_t ms,
                 struct error *err)
{
    return interactive_wait_until(context, -1, clock_now().boot + ms,
                                  code->ends_boot, err);
}

static void
interactive_begin(struct interactive *in, const struct provider *provider,
                  int fd)
{
    screen_init(&in->screen, fd, provider_title(provider->name));
    if (in->b->wait >= 0)
        in->ends = clock_now().boot + in->b->wait + 1;
    interactive_catch(in);
    in->b->credential.http.cancelled = interactive_is_cancelled;
}

/* Where a person reads: the terminal, if that is wanted and there, or -1. */
static int
interactive_open(bool tty)
{
    return tty ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
}

int
interactive_login(struct broker *b, struct provider *provider, bool tty,
                  struct record **record, struct error *err)
{
    struct interactive in = {.b = b, .web = WEB_INIT};
    const struct credential_dialog dialog = {&in, interactive_show,
                                             interactive_wait};
    enum credential_result result;
    cleanup_close int fd = interactive_open(tty);

    interactive_begin(&in, provider, fd >= 0 ? fd : STDERR_FILENO);
    result = credential_login(&b->credential, provider, &dialog, record, err);
    web_release(&in.web);
    screen_end_time(&in.screen);
    return result == CREDENTIAL_OK ? 0 : -1;
}

static void
interactive_show_web_json(const struct credential_browser *browser)
{
    struct json *line = json_new_object();
    struct error ignored = ERROR_INIT;

    json_put_text(line, "status", "waiting_for_authorization");
    json_put_text(line, "verification_uri", browser->address);
    json_put_text(line, "verification_uri_complete", browser->address);
    json_put_text(line, "user_code", NULL);
    json_put_number(line, "expires_in", browser->expires_in_ms / 1000);
    broker_print_json(line, &ignored);
}

static void
interactive_show_web(void *context, const struct credential_browser *browser)
{
    struct interactive *in = context;
    bool opened;

    in->b->credential.http.cancelled = NULL;
    opened = !in->b->no_browser && browser_is_here() &&
             browser_open(browser->open) > 0;
    if (in->b->json)
        interactive_show_web_json(browser);
    else
        screen_show_address(
            &in->screen, &(struct screen_address){
                             browser->address, opened,
                             browser_is_remote() ? browser->redirect : NULL});
}

static int
interactive_wait_web(void *context, const struct credential_browser *browser,
                     int fd, struct error *err)
{
    switch (interactive_wait_until(context, fd, browser->ends_boot,
                                   browser->ends_boot, err)) {
    case STEP_READABLE:
        return 0;
    case STEP_OVER:
        return interactive_give_up(
            context, FAIL_TIMEOUT, "expired_token",
            "no browser has brought an answer; run the same command again",
            err);
    case STEP_GIVE_UP:
        break;
    }
    return -1;
}

int
interactive_login_web(struct broker *b, const struct provider *provider,
                      bool tty, struct record **record, struct error *err)
{
    struct interactive in = {.b = b, .web = WEB_INIT};
    const struct credential_web_dialog dialog = {&in, interactive_show_web,
                                                 interactive_wait_web};
    enum credential_result result;
    cleanup_close int fd = interactive_open(tty);

    interactive_begin(&in, provider, fd >= 0 ? fd : STDERR_FILENO);
    result =
        credential_login_web(&b->credential, provider, &dialog, record, err);
    screen_end_time(&in.screen);
    return result == CREDENTIAL_OK ? 0 : -1;
}

bool
interactive_git_allows(void)
{
    static const char *const no[] = {"false", "never", "no", "off", "0"};
    char answer[64] = "";
    FILE *git =
        popen("git config --get credential.interactive 2>/dev/null", "re");

    if (!git)
        return true;
    if (!fgets(answer, sizeof answer, git))
        answer[0] = '\0';
    pclose(git);
    answer[strcspn(answer, "\n")] = '\0';
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strcasecmp(answer, no[i]) == 0)
            return false;
    return true;
}
