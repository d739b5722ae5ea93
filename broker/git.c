#include "broker/git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

extern char **environ;

/* Standard input is empty, standard output is out, the signals that we ignore
 * are as usual. 0, or an error number. */
static int
git_spawn(char *const argv[], int out, pid_t *child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t usual;
    int failed;

    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGXFSZ);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF) |
             posix_spawnattr_setsigdefault(&attributes, &usual) |
             posix_spawn_file_actions_addopen(&files, STDIN_FILENO,
                                              "/dev/null", O_RDONLY, 0) |
             posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    if (!failed)
        failed =
            posix_spawnp(child, argv[0], &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

/* Wait until there is something to read. -1: the time is over. */
static int
git_await(int fd, int64_t end)
{
    struct pollfd watch = {.fd = fd, .events = POLLIN};
    int ready;

    do {
        int64_t left = end - clock_now().boot;

        ready = left > 0 ? poll(&watch, 1, (int)left) : 0;
    } while (ready < 0 && errno == EINTR);
    return ready > 0 ? 0 : -1;
}

/* All that comes, but no more than the limits. 0 or -1. */
static int
git_read(int fd, struct secret *out)
{
    int64_t end = clock_now().boot + GIT_LIMIT;
    ssize_t n;

    do {
        if (out->len > GIT_OUTPUT_MAX || secret_reserve(out, 4096) < 0 ||
            git_await(fd, end) < 0)
            return -1;
        n = read(fd, out->data + out->len, out->room - out->len - 1);
        if (n > 0)
            out->len += (size_t)n;
        out->data[out->len] = '\0';
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? -1 : 0;
}

int
git_run(char *const argv[], struct secret *out, struct error *err)
{
    cleanup_close int from = -1, to = -1;
    int ends[2], status = 0, failed;
    pid_t child = -1;
    bool whole;

    secret_release(out);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(err, FAIL_SERVICE, "git", "cannot run git");
    from = ends[0];
    to = ends[1];
    failed = git_spawn(argv, to, &child);
    if (failed) {
        errno = failed;
        return error_errno(err, FAIL_SERVICE, "git", "cannot run git");
    }
    close(steal_fd(&to));
    whole = git_read(from, out) == 0;
    close(steal_fd(&from));
    if (!whole)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!whole || !WIFEXITED(status))
        return error_set(err, FAIL_SERVICE, "git", "git has failed");
    return WEXITSTATUS(status);
}
