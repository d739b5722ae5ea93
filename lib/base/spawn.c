#include "lib/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
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

/* In the child, between vfork and exec: system calls only. */
static void
spawn_become(const char *path, char *const argv[], int out, int keep, int null)
{
    setsid();
    dup2(null, STDIN_FILENO);
    if (out != STDOUT_FILENO)
        dup2(out >= 0 ? out : null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    if (keep >= 0) {
        fcntl(keep, F_SETFD, 0);
        spawn_close_range(3, (unsigned)keep - 1);
    }
    spawn_close_range(keep >= 0 ? (unsigned)keep + 1 : 3, ~0U);
    execve(path, argv, environ);
}

int
spawn_detached(const char *path, char *const argv[], int out, int keep,
               struct error *err)
{
    volatile int failed = 0; /* the child writes it: vfork shares memory */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t child;

    if (null < 0 || (keep >= 0 && keep < 3))
        return error_set(err, FAIL_SERVICE, "spawn",
                         "cannot start %s in the background", path);
    child = vfork();
    if (child == 0) {
        spawn_become(path, argv, out, keep, null);
        failed = errno;
        _exit(127);
    }
    close(null);
    if (child > 0 && !failed)
        return 0;
    if (child > 0)
        errno = failed;
    return error_errno(err, FAIL_SERVICE, "spawn", "cannot start %s", path);
}
