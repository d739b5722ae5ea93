#include "lib/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void
spawn_close_range(unsigned first, unsigned last)
{
    if (first > last)
        return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, last, 0U) == 0)
        return;
#endif
    for (unsigned fd = first; fd <= last && fd < 65536; fd++)
        close((int)fd);
}

/* What a program starts with: -1 stands for /dev/null, and for no keep. */
struct spawn_descriptors {
    int in, out, keep;
    bool near;    /* our session and our standard error, not its own */
    bool unblock; /* no signal is blocked */
};

/* In the child, between vfork and exec: system calls only. */
static void
spawn_become(const char *path, char *const argv[],
             const struct spawn_descriptors *fd, int null)
{
    int keep = fd->keep;
    sigset_t none;

    sigemptyset(&none);
    if (fd->unblock)
        sigprocmask(SIG_SETMASK, &none, NULL);
    if (!fd->near)
        setsid();
    dup2(fd->in >= 0 ? fd->in : null, STDIN_FILENO);
    if (fd->out != STDOUT_FILENO)
        dup2(fd->out >= 0 ? fd->out : null, STDOUT_FILENO);
    if (!fd->near)
        dup2(null, STDERR_FILENO);
    if (keep >= 0) {
        fcntl(keep, F_SETFD, 0);
        spawn_close_range(3, (unsigned)keep - 1);
    }
    spawn_close_range(keep >= 0 ? (unsigned)keep + 1 : 3, ~0U);
    execve(path, argv, environ);
}

static pid_t
spawn_run(const char *path, char *const argv[],
          const struct spawn_descriptors *fd, struct error *err)
{
    volatile int failed = 0; /* the child writes it: vfork shares memory */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t child;

    if (null < 0 || (fd->keep >= 0 && fd->keep < 3))
        return error_set(err, FAIL_SERVICE, "spawn",
                         "cannot start %s in the background", path);
    child = vfork();
    if (child == 0) {
        spawn_become(path, argv, fd, null);
        failed = errno;
        _exit(127);
    }
    close(null);
    if (child > 0 && !failed)
        return child;
    if (child > 0) {
        waitpid(child, NULL, 0);
        errno = failed;
    }
    return error_errno(err, FAIL_SERVICE, "spawn", "cannot start %s", path);
}

int
spawn_detached(const char *path, char *const argv[], int out, int keep,
               struct error *err)
{
    const struct spawn_descriptors fd = {-1, out, keep, false, false};

    return spawn_run(path, argv, &fd, err) < 0 ? -1 : 0;
}

pid_t
spawn_served(const char *path, char *const argv[], int in, struct error *err)
{
    const struct spawn_descriptors fd = {in, -1, -1, false, false};

    return spawn_run(path, argv, &fd, err);
}

pid_t
spawn_asked(const char *path, char *const argv[], int out, int keep,
            bool aside, struct error *err)
{
    const struct spawn_descriptors fd = {-1, out, keep, !aside, aside};

    return spawn_run(path, argv, &fd, err);
}
