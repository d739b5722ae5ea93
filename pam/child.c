#include "pam/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <security/pam_ext.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/event.h"

#define CHILD_TEXT_MAX   (128 * 1024)
#define CHILD_EVENTS_MAX 32
#define CHILD_ARGS_MAX   10

/* All that the child needs, made before the fork. */
struct child_image {
    int program; /* the front, checked: executed by its descriptor */
    int pipe;    /* to be its standard output */
    int null;
    char uid[16], gid[16], wait[32];
    char home[PATH_MAX + 8], user[272], logname[272];
    char *argv[CHILD_ARGS_MAX];
    char *envp[4];
    volatile int failed; /* errno of the exec: vfork shares memory */
};

static void
child_image_release(struct child_image *image)
{
    cleanup_close_variable(&image->program);
    cleanup_close_variable(&image->pipe);
    cleanup_close_variable(&image->null);
}

/* A descriptor of a low number would be the caller's standard stream. */
static int
child_move_up(int fd)
{
    int moved;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return moved;
}

/*
 * Only a program that nobody but root can have written is run as root. Where
 * the caller is not root (a screen locker), its own will do as well.
 */
static int
child_open_program(pam_handle_t *pamh)
{
    cleanup_close int fd = child_move_up(open(FRONT_PATH, O_PATH | O_CLOEXEC));
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        pam_syslog(pamh, LOG_ERR, "cannot open %s: %m", FRONT_PATH);
        return -1;
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & 022) ||
        (st.st_uid != 0 && st.st_uid != geteuid())) {
        pam_syslog(pamh, LOG_ERR,
                   "%s is not run: it must be a file that only root can "
                   "write",
                   FRONT_PATH);
        return -1;
    }
    return steal_fd(&fd);
}

static void
child_set_arguments(struct child_image *image, const struct user *user,
                    const struct child_manner *manner)
{
    char **arg = image->argv;

    snprintf(image->uid, sizeof image->uid, "%u", (unsigned)user->uid);
    snprintf(image->gid, sizeof image->gid, "%u", (unsigned)user->gid);
    snprintf(image->wait, sizeof image->wait, "--wait=%lld",
             (long long)manner->wait);
    snprintf(image->home, sizeof image->home, "HOME=%s", user->home);
    snprintf(image->user, sizeof image->user, "USER=%s", user->name);
    snprintf(image->logname, sizeof image->logname, "LOGNAME=%s", user->name);
    *arg++ = (char *)"parallel-credential";
    *arg++ = (char *)"session-open";
    *arg++ = image->uid;
    *arg++ = image->gid;
    if (manner->silent)
        *arg++ = (char *)"--silent";
    if (manner->unseen)
        *arg++ = (char *)"--ssh";
    if (manner->qr)
        *arg++ = (char *)"--qr";
    if (manner->wait > 0)
        *arg++ = image->wait;
    *arg = NULL;
    image->envp[0] = image->home;
    image->envp[1] = image->user;
    image->envp[2] = image->logname;
    image->envp[3] = NULL;
}

static void
child_close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
        return;
#endif
    for (int fd = first; fd < 65536; fd++)
        close(fd);
}

/*
 * Between vfork and exec: system calls on what lies ready, nothing else. The
 * caller's folder may be one that the user must not see, or that shall be
 * unmounted while the child still waits.
 */
static void
child_become(struct child_image *image)
{
    setsid();
    umask(077);
    if (chdir("/") < 0)
        _exit(126);
    if (dup2(image->null, STDIN_FILENO) < 0 ||
        dup2(image->pipe, STDOUT_FILENO) < 0 ||
        dup2(image->null, STDERR_FILENO) < 0)
        _exit(126);
    /* The program's own descriptor goes to 3 and closes with the exec. */
    if (image->program != 3 && dup3(image->program, 3, O_CLOEXEC) < 0)
        _exit(126);
    child_close_from(4);
    syscall(SYS_execveat, 3, "", image->argv, image->envp, AT_EMPTY_PATH);
    image->failed = errno;
    _exit(127);
}

static int
child_open_pipe(struct child *child, struct child_image *image)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    child->fd = child_move_up(ends[0]);
    image->pipe = child_move_up(ends[1]);
    image->null = child_move_up(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (child->fd < 0 || image->pipe < 0 || image->null < 0)
        return -1;
    return fcntl(child->fd, F_SETFL, O_NONBLOCK);
}

int
child_start(struct child *child, pam_handle_t *pamh,
            const struct options *options, const struct user *user,
            const struct child_manner *manner)
{
    CLEANUP(child_image_release)
    struct child_image image = {.program = -1, .pipe = -1, .null = -1};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t all, before;
    pid_t pid;

    image.program = child_open_program(pamh);
    if (image.program < 0)
        return -1;
    if (child_open_pipe(child, &image) < 0) {
        pam_syslog(pamh, LOG_ERR, "cannot make a pipe: %m");
        return -1;
    }
    child_set_arguments(&image, user, manner);
    child->deadline =
        clock_now().boot + 1000 * (options->timeout + manner->wait);
    sigemptyset(&standard.sa_mask);
    sigaction(SIGCHLD, &standard, &child->sigchld);
    /* No handler of the caller may run in the child, which shares its memory
     * until the exec; the front lets the signals in again. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = vfork();
    if (pid == 0)
        child_become(&image);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        sigaction(SIGCHLD, &child->sigchld, NULL);
        pam_syslog(pamh, LOG_ERR, "cannot start %s: %m", FRONT_PATH);
        return -1;
    }
    child->pid = pid;
    if (image.failed) {
        child_finish(child);
        errno = image.failed;
        pam_syslog(pamh, LOG_ERR, "cannot run %s: %m", FRONT_PATH);
        return -1;
    }
    return 0;
}

static int
child_time_left(const struct child *child)
{
    int64_t left = child->deadline - clock_now().boot;

    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

/* More text from the pipe. 0 when no more will come. */
static int
child_read(struct child *child)
{
    for (;;) {
        struct pollfd pipe = {.fd = child->fd, .events = POLLIN};
        ssize_t n;

        if (child_time_left(child) == 0 ||
            secret_reserve(&child->text, 4096) < 0)
            return 0;
        n = read(child->fd, child->text.data + child->text.len, 4096);
        if (n > 0) {
            child->text.len += (size_t)n;
            child->text.data[child->text.len] = '\0';
            return 1;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return 0;
        if (poll(&pipe, 1, child_time_left(child)) < 0 && errno != EINTR)
            return 0;
    }
}

/* Whether a whole block lies behind what was used. What was looked at once
 * is not looked at again, however small the pieces are that come. */
static bool
child_has_block(struct child *child)
{
    const char *text = child->text.data;

    for (; child->seen + 1 < child->text.len; child->seen++)
        if (text[child->seen] == '\n' && text[child->seen + 1] == '\n')
            return true;
    return false;
}

/* The child does what the front never does: it has no more time. */
static const struct fields *
child_give_up(struct child *child)
{
    child->end = CHILD_ASTRAY;
    child->deadline = 0;
    return NULL;
}

const struct fields *
child_next(struct child *child)
{
    size_t used = 0;

    if (child->end != CHILD_EARLY)
        return NULL;
    if (child->events >= CHILD_EVENTS_MAX)
        return child_give_up(child);
    while (!child_has_block(child)) {
        if (child->text.len >= CHILD_TEXT_MAX)
            return child_give_up(child);
        if (!child_read(child))
            return NULL;
    }
    child->events++;
    if (fields_parse(&child->event, child->text.data + child->used,
                     child->text.len - child->used, false, &used, NULL) < 0)
        return child_give_up(child);
    child->used += used;
    child->seen = child->used;
    if (strcmp(fields_text(&child->event, "event"), EVENT_DONE) == 0) {
        child->end = CHILD_DONE;
        return NULL;
    }
    return &child->event;
}

/* Waits until the process has ended; at the latest until the deadline. */
static bool
child_wait(struct child *child, int limit_ms)
{
    pid_t pid = child->pid;
    int64_t end = clock_now().boot + limit_ms;
#ifdef SYS_pidfd_open
    cleanup_close int fd = (int)syscall(SYS_pidfd_open, pid, 0U);
#else
    int fd = -1;
#endif

    for (;;) {
        int64_t left = end - clock_now().boot;
        struct pollfd ended = {.fd = fd, .events = POLLIN};
        pid_t reaped = waitpid(pid, &child->status, WNOHANG);

        if (reaped == pid || (reaped < 0 && errno != EINTR))
            return true;
        if (left <= 0)
            return false;
        /* Without a descriptor for the process: look every 5 ms. */
        poll(fd >= 0 ? &ended : NULL, fd >= 0 ? 1 : 0,
             fd >= 0 ? (int)left : 5);
    }
}

void
child_cut_short(struct child *child)
{
    child->end = CHILD_DONE;
    child->deadline = 0;
}

void
child_finish(struct child *child)
{
    if (child->pid < 0)
        return;
    if (!child_wait(child, child_time_left(child))) {
        if (child->end == CHILD_EARLY)
            child->end = CHILD_LATE;
        kill(child->pid, SIGKILL);
        child_wait(child, 1000);
    }
    child->pid = -1;
    sigaction(SIGCHLD, &child->sigchld, NULL);
}

const char *
child_complaint(const struct child *child, char *out, size_t size)
{
    switch (child->end) {
    case CHILD_DONE:
        return NULL;
    case CHILD_LATE:
        return "was killed at its time limit";
    case CHILD_ASTRAY:
        return "was killed: it said what it never should";
    case CHILD_EARLY:
        break;
    }
    if (WIFSIGNALED(child->status))
        snprintf(out, size, "was killed by signal %d",
                 WTERMSIG(child->status));
    else
        snprintf(out, size, "has ended too early, with status %d",
                 WEXITSTATUS(child->status));
    return out;
}

int
child_keep_pipe(struct child *child)
{
    return steal_fd(&child->fd);
}

void
child_release(struct child *child)
{
    child_finish(child);
    cleanup_close_variable(&child->fd);
    child->fd = -1;
    fields_release(&child->event);
    secret_release(&child->text);
}
