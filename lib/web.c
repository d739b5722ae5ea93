#include "lib/web.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/spawn.h"
#include "lib/base/text.h"
#include "lib/base/web.h"

/* To start, and to say a whole block once it has begun: ms. */
#define WEB_LIMIT_MS 10000

/* To start, where it goes on without it: ms. */
#define WEB_LEAD_LIMIT_MS 2000

void
web_release(struct web *web)
{
    if (web->socket >= 0)
        close(web->socket);
    if (web->pid > 0) {
        kill(web->pid, SIGKILL);
        while (waitpid(web->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    fields_release(&web->said);
    secret_release(&web->text);
    *web = (struct web)WEB_INIT;
}

static int
web_run(struct web *web, struct error *err)
{
    static char *const argv[] = {(char *)"web", NULL};
    int pair[2];

    if (access(WEB_PATH, X_OK) < 0)
        return error_set(err, FAIL_SERVICE, "web",
                         "the login in a browser is not installed (%s is "
                         "missing); use: parallel-credential login --device",
                         WEB_PATH);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, FAIL_SERVICE, "web", "cannot start %s",
                           WEB_PATH);
    web->pid = spawn_served(WEB_PATH, argv, pair[1], err);
    close(pair[1]);
    web->socket = pair[0];
    return web->pid > 0 ? 0 : -1;
}

static int
web_say(struct web *web, struct secret *block, struct error *err)
{
    size_t sent = 0;
    bool whole = fields_end(block) == 0;

    while (whole && sent < block->len) {
        ssize_t n = send(web->socket, block->data + sent, block->len - sent,
                         MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (errno != EINTR)
            whole = false;
    }
    return whole ? 0
                 : error_set(err, FAIL_SERVICE, "web",
                             "the program that waits for the browser has "
                             "ended");
}

/* Whether there is something to read, until end on the boot clock. */
static bool
web_await(const struct web *web, int64_t end)
{
    struct pollfd watch = {.fd = web->socket, .events = POLLIN};

    for (;;) {
        int64_t left = end - clock_now().boot;
        int ready = poll(&watch, 1, left > 0 ? (int)left : 0);

        if (ready > 0 || left <= 0)
            return ready > 0;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

static bool
web_is_whole(const struct secret *text)
{
    return text->len >= 2 &&
           memcmp(text->data + text->len - 2, "\n\n", 2) == 0;
}

static int
web_receive_within(struct web *web, int64_t limit_ms, struct error *err)
{
    int64_t end = clock_now().boot + limit_ms;

    fields_release(&web->said);
    secret_release(&web->text);
    while (!web_is_whole(&web->text)) {
        ssize_t n = 0;

        if (web->text.len < FIELDS_BLOCK_MAX &&
            secret_reserve(&web->text, 16384) == 0 && web_await(web, end))
            n = read(web->socket, web->text.data + web->text.len, 16384);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(err, FAIL_SERVICE, "web",
                             "the program that waits for the browser has "
                             "ended");
        web->text.len += (size_t)n;
    }
    web->text.data[web->text.len] = '\0';
    return fields_parse(&web->said, web->text.data, web->text.len, false, NULL,
                        err);
}

int
web_receive(struct web *web, struct error *err)
{
    return web_receive_within(web, WEB_LIMIT_MS, err);
}

const char *
web_said(const struct web *web, const char *key)
{
    return fields_get(&web->said, key);
}

/* Start it, and read what it says to the first block. */
static int
web_open(struct web *web, struct secret *block, int64_t limit_ms,
         struct error *err)
{
    if (web_run(web, err) < 0)
        return -1;
    if (web_say(web, block, NULL) == 0 &&
        web_receive_within(web, limit_ms, NULL) == 0)
        return 0;
    return error_set(err, FAIL_SERVICE, "web",
                     "the program that waits for the browser, %s, could not "
                     "start; are its libraries (" WEB_LIBRARIES ") installed?",
                     WEB_PATH);
}

int
web_start(struct web *web, const struct web_request *request,
          struct error *err)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    char shown[128];

    if (((request->issuer ? fields_put(&block, "issuer", request->issuer)
                          : 0) |
         (request->redirect ? fields_put(&block, "redirect", request->redirect)
                            : 0) |
         fields_put(&block, "service", request->service) |
         fields_put_number(&block, "seconds", request->seconds) |
         (request->iss_required ? fields_put(&block, "iss_required", "1")
                                : 0)) != 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (web_open(web, &block, WEB_LIMIT_MS, err) < 0)
        return -1;
    if (web_said(web, "redirect_uri") && web_said(web, "open_uri") &&
        web_said(web, "state") && web_said(web, "code_challenge"))
        return 0;
    return error_set(err, FAIL_SERVICE, "web",
                     "cannot listen at %s for the browser: %s",
                     request->redirect ? request->redirect : "127.0.0.1",
                     text_show(shown, sizeof shown, web_said(web, "trouble")));
}

int
web_lead(struct web *web, const struct web_lead *lead, struct error *err)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    char shown[128];

    if ((fields_put(&block, "lead", lead->address) |
         fields_put(&block, "service", lead->service) |
         fields_put_number(&block, "seconds", lead->seconds) |
         (lead->once ? fields_put(&block, "once", "1") : 0)) != 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (web_open(web, &block, WEB_LEAD_LIMIT_MS, err) < 0)
        return -1;
    if (web_said(web, "open_uri"))
        return 0;
    return error_set(err, FAIL_SERVICE, "web",
                     "cannot listen at 127.0.0.1 for the browser: %s",
                     text_show(shown, sizeof shown, web_said(web, "trouble")));
}

void
web_wait(struct web *web, int64_t limit_ms)
{
    web_await(web, clock_now().boot + limit_ms);
    web_release(web);
}

int
web_send_address(struct web *web, const char *address, struct error *err)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;

    if (fields_put(&block, "address", address) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return web_say(web, &block, err);
}

void
web_end(struct web *web, bool ok)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;

    if (fields_put(&block, "outcome",
                   ok ? WEB_OUTCOME_OK : WEB_OUTCOME_FAILED) == 0 &&
        web_say(web, &block, NULL) == 0)
        web_await(web, clock_now().boot + WEB_LINGER_MS + 500);
    web_release(web);
}
