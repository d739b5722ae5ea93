#include "lib/base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

static void
lock_ring(int number)
{
    (void)number; /* the system call returns EINTR: that is all we want */
}

/*
 * Wait for the lock. The kernel has no limit of its own for this, so a timer
 * interrupts the call again and again: once might be too early, just before
 * the call is made.
 */
static int
lock_wait(int fd, struct flock *lock, int limit_ms)
{
    struct sigaction ring = {.sa_handler = lock_ring}, old;
    struct itimerval every = {{0, 50000}, {0, 50000}}, off = {0};
    int64_t end = clock_now().boot + limit_ms;
    sigset_t alarm, before;
    int result;

    sigemptyset(&ring.sa_mask);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigaction(SIGALRM, &ring, &old);
    sigprocmask(SIG_UNBLOCK, &alarm, &before); /* who waits may hold all */
    setitimer(ITIMER_REAL, &every, NULL);
    do {
        result = fcntl(fd, F_OFD_SETLKW, lock);
    } while (result < 0 && errno == EINTR && clock_now().boot < end);
    int saved = errno;
    setitimer(ITIMER_REAL, &off, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGALRM, &old, NULL);
    errno = saved;
    return result;
}

enum lock_status
lock_take(int folder, const char *shown, const char *name, enum lock_kind kind,
          int limit_ms, int *fd, struct error *err)
{
    struct flock lock = {.l_type = kind == LOCK_SHARED ? F_RDLCK : F_WRLCK,
                         .l_whence = SEEK_SET};
    cleanup_close int file =
        openat(folder, name,
               O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    if (file < 0) {
        error_errno(err, FAIL_SERVICE, "lock", "cannot lock %s/%s", shown,
                    name);
        return LOCK_FAILED;
    }
    if (fcntl(file, F_OFD_SETLK, &lock) < 0) {
        bool busy = errno == EAGAIN || errno == EACCES;

        if (busy && limit_ms <= 0)
            return LOCK_BUSY;
        if (busy && lock_wait(file, &lock, limit_ms) < 0) {
            if (errno == EINTR)
                return LOCK_BUSY;
            busy = false;
        }
        if (!busy) {
            error_errno(err, FAIL_SERVICE, "lock", "cannot lock %s/%s", shown,
                        name);
            return LOCK_FAILED;
        }
    }
    *fd = steal_fd(&file);
    return LOCK_TAKEN;
}

int
lock_is_ours(int folder, const char *name, int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat passed, expected;

    /* The lock first: who held it until now may have given the name to another
     * file, or to none. */
    return fcntl(fd, F_OFD_SETLK, &lock) == 0 && fstat(fd, &passed) == 0 &&
           fstatat(folder, name, &expected, AT_SYMLINK_NOFOLLOW) == 0 &&
           passed.st_dev == expected.st_dev &&
           passed.st_ino == expected.st_ino;
}
