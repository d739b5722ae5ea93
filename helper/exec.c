/*
 * exec.c - exec COMMAND: a command with the credential, kept fresh.
 *
 *     lease ── token file ── start ── wait ── remove the file ── its status
 *                                      │
 *                             a signal: passed on
 *                             time to renew: look, else ask the broker
 *
 * We stay in between only to keep the file fresh and to remove it: terminal,
 * process group, descriptors, masks and limits are the command's own. Pipes
 * are only the command's, so that they end when it closes them.
 */
#include "helper/front.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/command.h"
#include "helper/lease.h"
#include "helper/token_file.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* Between two attempts to renew when one has failed: ms. */
#define EXEC_RETRY_LEAST 30000
#define EXEC_RETRY_MOST  300000

#define EXEC_NEVER (-1)

extern char **environ;

struct exec {
    struct front *front;
    struct lease lease;
    struct token_file file;
    struct command command;
    int signals;   /* a signalfd */
    int timer;     /* a timerfd: time to renew */
    pid_t helper;  /* who renews, or -1 */
    int answer;    /* what it will have said, or -1 */
    int64_t retry; /* how long the last pause was, or 0 */
    bool ended;
    int status; /* as waitpid() tells it */
};

/* ---- the environment
 * -------------------------------------------------------- */

struct exec_environment {
    struct secret key, key_id, file;
    char **list;
};

static void
exec_environment_release(struct exec_environment *e)
{
    secret_release(&e->key);
    secret_release(&e->key_id);
    secret_release(&e->file);
    free(e->list);
}

/* Whether the line is NAME=..., of a name that we set ourselves. */
static bool
exec_is_replaced(const char *line, bool own_key)
{
    static const char *const names[] = {
        "PARALLEL_ACCESS_TOKEN_FILE=", "PARALLEL_API_KEY=",
        "PARALLEL_CREDENTIAL_KEY_ID="};

    /* A key of the person's own stays as it is. */
    for (size_t i = 0; i < (own_key ? 1 : 3); i++)
        if (strncmp(line, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static int
exec_add(struct exec_environment *e, struct secret *line, const char *name,
         const char *value)
{
    size_t count = 0;

    if (!*value)
        return 0;
    while (e->list[count])
        count++;
    if (secret_append_text(line, name) < 0 ||
        secret_append_text(line, value) < 0)
        return -1;
    e->list[count] = line->data;
    return 0;
}

static int
exec_set_environment(struct exec_environment *e, const struct exec *x)
{
    const struct fields *block = &x->lease.block;
    bool own_key = front_own_key(block) != NULL;
    size_t count = 0, used = 0;
    int result;

    while (environ[count])
        count++;
    e->list = calloc(count + 4, sizeof *e->list);
    if (!e->list)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!exec_is_replaced(environ[i], own_key))
            e->list[used++] = environ[i];
    result =
        exec_add(e, &e->file, "PARALLEL_ACCESS_TOKEN_FILE=", x->file.path);
    if (result == 0 && !own_key && fields_get(block, "api_key"))
        result = exec_add(e, &e->key, "PARALLEL_API_KEY=", front_key(block)) |
                 exec_add(e, &e->key_id, "PARALLEL_CREDENTIAL_KEY_ID=",
                          fields_text(block, "api_key_id"));
    return result;
}

/* ---- while it runs
 * ---------------------------------------------------------- */

static void
exec_set_timer(const struct exec *x, int64_t ms)
{
    struct itimerspec when = {{0, 0}, {0, 0}};

    if (ms != EXEC_NEVER) {
        when.it_value.tv_sec = (time_t)(ms / 1000);
        when.it_value.tv_nsec = (long)(ms % 1000 * 1000000 + 1);
    }
    timerfd_settime(x->timer, 0, &when, NULL);
}

static void
exec_try_later(struct exec *x)
{
    x->retry = x->retry ? 2 * x->retry : EXEC_RETRY_LEAST;
    if (x->retry > EXEC_RETRY_MOST)
        x->retry = EXEC_RETRY_MOST;
    exec_set_timer(x, x->retry);
}

/* The lease is a new one. */
static void
exec_take_over(struct exec *x)
{
    const char *token = lease_token(&x->lease);

    if (!token || token_file_replace(&x->file, token) < 0) {
        exec_try_later(x);
        return;
    }
    x->retry = 0;
    exec_set_timer(x, lease_left(&x->lease));
}

static void
exec_renew(struct exec *x)
{
    if (lease_look(&x->lease, x->front)) {
        exec_take_over(x);
        return;
    }
    x->helper = lease_ask(&x->lease, x->front, &x->answer);
    if (x->helper < 0)
        exec_try_later(x);
}

/* Who was to renew, or to wait for somebody who does, has ended. */
static void
exec_renewed(struct exec *x)
{
    bool fresh = x->answer >= 0 ? lease_read(&x->lease, steal_fd(&x->answer))
                                : lease_look(&x->lease, x->front);

    x->helper = -1;
    if (fresh)
        exec_take_over(x);
    else
        exec_try_later(x);
}

static void
exec_reap(struct exec *x)
{
    int status;

    while (waitpid(x->command.pid, &status, WNOHANG | WUNTRACED) > 0) {
        if (WIFSTOPPED(status)) {
            command_stopped(WSTOPSIG(status));
            continue;
        }
        x->ended = true;
        x->status = status;
        return;
    }
    if (x->helper > 0 && waitpid(x->helper, &status, WNOHANG) > 0)
        exec_renewed(x);
}

static void
exec_read_signal(struct exec *x)
{
    struct signalfd_siginfo info;

    if (read(x->signals, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGCHLD)
        exec_reap(x);
    else
        command_signal(&x->command, (int)info.ssi_signo,
                       info.ssi_code == SI_KERNEL);
}

static void
exec_wait(struct exec *x)
{
    while (!x->ended) {
        struct pollfd event[] = {{x->signals, POLLIN, 0},
                                 {x->timer, POLLIN, 0}};
        uint64_t times;

        if (poll(event, 2, -1) < 0)
            continue;
        if (event[0].revents)
            exec_read_signal(x);
        else if (read(x->timer, &times, sizeof times) == sizeof times)
            exec_renew(x);
    }
}

/* ---- the verb
 * --------------------------------------------------------------- */

/* The file with the token, if there is a token. Without one, or a place for
 * it, the command gets the API key alone. */
static int
exec_make_file(struct exec *x)
{
    const char *token = lease_token(&x->lease);
    const char *folder = x->lease.folder;

    if (!token)
        return 0;
    if (*folder && token_file_make(&x->file, folder, token) == 0)
        return 0;
    front_complain(*folder ? "no file for the access token can be made in "
                             "the folder of the session cache"
                           : "there is no runtime folder (XDG_RUNTIME_DIR) "
                             "for a file with the access token");
    return *front_key(&x->lease.block) ? 0 : -1;
}

static int
exec_complain(const char *what, int error)
{
    char text[200];

    text_put(text, sizeof text, text_put(text, sizeof text, 0, what),
             strerror(error));
    front_complain(text);
    return FAIL_SERVICE;
}

/* What we wait with. */
static int
exec_open(struct exec *x)
{
    sigset_t held;

    command_hold_signals(&x->command, &held);
    x->signals = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
    x->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    return x->signals < 0 || x->timer < 0 ? -1 : 0;
}

static int
exec_start(struct exec *x)
{
    CLEANUP(exec_environment_release)
    struct exec_environment e = {SECRET_INIT, SECRET_INIT, SECRET_INIT, NULL};

    if (exec_set_environment(&e, x) < 0)
        return -1;
    x->command.argv = x->front->command;
    x->command.environment = e.list;
    return command_start(&x->command);
}

static int
exec_run(struct exec *x)
{
    int result;

    if (exec_open(x) < 0)
        return exec_complain("cannot wait for a command: ", errno);
    if (exec_make_file(x) < 0)
        return FAIL_SERVICE;
    result = exec_start(x);
    if (result < 0)
        front_complain("no process can be started for the command");
    if (result != 0)
        return result < 0 ? FAIL_SERVICE : result;
    if (x->file.fd >= 0) {
        exec_set_timer(x, lease_left(&x->lease));
        token_file_sweep(&x->file); /* while the command is at work */
    }
    exec_wait(x);
    return FAIL_NONE;
}

static void
exec_release(struct exec *x)
{
    token_file_remove(&x->file);
    lease_release(&x->lease);
    if (x->answer >= 0)
        close(x->answer);
}

int
front_exec(struct front *front)
{
    struct exec x = {.front = front,
                     .lease = LEASE_INIT,
                     .file = TOKEN_FILE_INIT,
                     .signals = -1,
                     .timer = -1,
                     .helper = -1,
                     .answer = -1};
    int result;

    if (!front->command)
        return FRONT_HANDOVER;
    command_prepare(&x.command);
    result = lease_take(&x.lease, front);
    if (result == FAIL_NONE)
        result = exec_run(&x);
    exec_release(&x);
    return x.ended ? command_status(x.status) : result;
}
