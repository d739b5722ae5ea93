#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/lock.h"

static char path[32];
static int folder = -1;

static int
open_folder(void **state)
{
    (void)state;
    strcpy(path, "/tmp/lock-t.XXXXXX");
    if (!mkdtemp(path))
        return -1;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 ? -1 : 0;
}

static int
close_folder(void **state)
{
    (void)state;
    unlinkat(folder, "a", 0);
    unlinkat(folder, "b", 0);
    unlinkat(folder, "target", 0);
    close(folder);
    return rmdir(path);
}

static enum lock_status
take(const char *name, enum lock_kind kind, int limit_ms, int *fd)
{
    struct error err = ERROR_INIT;
    enum lock_status status =
        lock_take(folder, path, name, kind, limit_ms, fd, &err);

    if (status == LOCK_FAILED)
        fail_msg("%s", err.text);
    return status;
}

/* Whether somebody else could have it now. */
static bool
is_free(const char *name, enum lock_kind kind)
{
    int fd = -1;
    bool taken = take(name, kind, 0, &fd) == LOCK_TAKEN;

    assert_true(taken == (fd >= 0));
    if (fd >= 0)
        close(fd);
    return taken;
}

static void
test_exclusive(void **state)
{
    int fd = -1;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 0, &fd), LOCK_TAKEN);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    assert_false(is_free("a", LOCK_SHARED));
    assert_true(is_free("b", LOCK_EXCLUSIVE));
    close(fd);
    assert_true(is_free("a", LOCK_EXCLUSIVE));
}

static void
test_shared(void **state)
{
    int first = -1, second = -1;

    (void)state;
    assert_int_equal(take("a", LOCK_SHARED, 0, &first), LOCK_TAKEN);
    assert_int_equal(take("a", LOCK_SHARED, 0, &second), LOCK_TAKEN);
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    close(first);
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    close(second);
    assert_true(is_free("a", LOCK_EXCLUSIVE));
}

static void
test_file(void **state)
{
    struct stat st;
    int fd = -1;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 0, &fd), LOCK_TAKEN);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 0);
    close(fd);
}

static void
test_link(void **state)
{
    struct error err = ERROR_INIT;
    struct stat st;
    int fd = -1;

    (void)state;
    assert_int_equal(symlinkat("target", folder, "a"), 0);
    assert_int_equal(
        lock_take(folder, path, "a", LOCK_EXCLUSIVE, 0, &fd, &err),
        LOCK_FAILED);
    assert_int_equal(err.failure, FAIL_SERVICE);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(fd, -1);
    assert_int_equal(fstatat(folder, "target", &st, 0), -1);
    assert_int_equal(
        lock_take(folder, path, "a", LOCK_EXCLUSIVE, 0, &fd, NULL),
        LOCK_FAILED);
}

/* Another process, with a pipe to it and one from it. */
struct other {
    pid_t pid;
    int tell;
    int hear;
};

/*
 * Forks. In the child, work(argument) runs, then it says one byte, waits for
 * one, and ends without closing anything itself.
 */
static struct other
other_start(void (*work)(void *), void *argument)
{
    int to[2], from[2];
    struct other other;
    char byte;

    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    other = (struct other){fork(), to[1], from[0]};
    if (other.pid == 0) {
        close(to[1]);
        close(from[0]);
        work(argument);
        if (write(from[1], "", 1) == 1 && read(to[0], &byte, 1) < 0)
            _exit(1);
        _exit(0);
    }
    close(to[0]);
    close(from[1]);
    assert_int_equal(read(other.hear, &byte, 1), 1);
    return other;
}

static void
other_end(struct other *other, int number)
{
    if (number)
        kill(other->pid, number);
    close(other->tell);
    waitpid(other->pid, NULL, 0);
    close(other->hear);
}

static void
hold(void *argument)
{
    int fd = -1;

    (void)argument;
    if (lock_take(folder, path, "a", LOCK_EXCLUSIVE, 0, &fd, NULL) !=
        LOCK_TAKEN)
        _exit(2);
}

static void
test_two_processes(void **state)
{
    struct other other = other_start(hold, NULL);

    (void)state;
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    assert_false(is_free("a", LOCK_SHARED));
    other_end(&other, 0);
    assert_true(is_free("a", LOCK_EXCLUSIVE));
}

static void
test_crash(void **state)
{
    struct other other = other_start(hold, NULL);

    (void)state;
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    other_end(&other, SIGKILL);
    assert_true(is_free("a", LOCK_EXCLUSIVE));
}

static void
nothing(void *argument)
{
    (void)argument;
}

/* The lock lasts as long as anybody has the descriptor. */
static void
test_inherited(void **state)
{
    struct other other;
    int fd = -1;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 0, &fd), LOCK_TAKEN);
    other = other_start(nothing, NULL);
    close(fd);
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    other_end(&other, SIGKILL);
    assert_true(is_free("a", LOCK_EXCLUSIVE));
}

static void
let_go(void *argument)
{
    close(*(int *)argument);
}

/* A child that lets its copy go does not free its parent's lock. */
static void
test_child_closes(void **state)
{
    struct other other;
    int fd = -1;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 0, &fd), LOCK_TAKEN);
    other = other_start(let_go, &fd);
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    other_end(&other, 0);
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    close(fd);
}

/* Across exec, for who takes close-on-exec away on purpose. */
static void
test_across_exec(void **state)
{
    int fd = -1, to[2], from[2];
    char byte;
    pid_t child;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 0, &fd), LOCK_TAKEN);
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        fcntl(fd, F_SETFD, 0);
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl("/bin/sh", "sh", "-c", "echo; read line", (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    close(fd);
    assert_int_equal(read(from[0], &byte, 1), 1);
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    close(to[1]);
    waitpid(child, NULL, 0);
    assert_true(is_free("a", LOCK_EXCLUSIVE));
    close(from[0]);
}

static void
test_time_limit(void **state)
{
    struct other other = other_start(hold, NULL);
    int64_t start = clock_now().boot, took;
    int fd = -1;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 300, &fd), LOCK_BUSY);
    took = clock_now().boot - start;
    assert_in_range(took, 290, 10000);
    assert_int_equal(fd, -1);
    other_end(&other, 0);
}

static volatile sig_atomic_t rang;

static void
note_alarm(int number)
{
    (void)number;
    rang = 1;
}

/* Waiting works for who holds all signals back, and leaves the handler, the
 * mask and no timer behind. */
static void
test_signals(void **state)
{
    struct other other = other_start(hold, NULL);
    struct sigaction action = {.sa_handler = note_alarm}, after;
    sigset_t all, before, now;
    int fd = -1;

    (void)state;
    sigaction(SIGALRM, &action, NULL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 200, &fd), LOCK_BUSY);
    sigprocmask(SIG_SETMASK, &before, &now);
    sigaction(SIGALRM, NULL, &after);
    assert_true(sigismember(&now, SIGALRM));
    assert_ptr_equal(after.sa_handler, note_alarm);
    assert_int_equal(alarm(0), 0);
    assert_int_equal(rang, 0);
    signal(SIGALRM, SIG_DFL);
    other_end(&other, 0);
}

/* Whether somebody waits for a lock on the file with this inode. */
static bool
is_waited_for(ino_t inode)
{
    FILE *locks = fopen("/proc/locks", "re");
    char line[256], number[32];
    bool found = false;

    if (!locks)
        return true;
    snprintf(number, sizeof number, ":%llu ", (unsigned long long)inode);
    while (!found && fgets(line, sizeof line, locks))
        found = strstr(line, "->") && strstr(line, number);
    fclose(locks);
    return found;
}

/* Takes the lock; a child that keeps it lets it go when somebody waits. */
static void
hold_until_waited_for(void *argument)
{
    int fd = -1;
    struct stat st;

    (void)argument;
    if (lock_take(folder, path, "a", LOCK_EXCLUSIVE, 0, &fd, NULL) !=
            LOCK_TAKEN ||
        fstat(fd, &st) < 0)
        _exit(2);
    if (fork() == 0) {
        for (int i = 0; i < 5000 && !is_waited_for(st.st_ino); i++)
            poll(NULL, 0, 1);
        _exit(0);
    }
    close(fd);
}

static void
test_waits(void **state)
{
    struct other other = other_start(hold_until_waited_for, NULL);
    int64_t start = clock_now().boot;
    int fd = -1;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 60000, &fd), LOCK_TAKEN);
    assert_true(clock_now().boot - start < 30000);
    /* It belongs to the descriptor: opening and closing the file elsewhere
     * does not end it. */
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    assert_false(is_free("a", LOCK_EXCLUSIVE));
    close(fd);
    other_end(&other, 0);
}

static void
test_is_ours(void **state)
{
    int fd = -1, loose, shared = -1;
    struct other other;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 0, &fd), LOCK_TAKEN);
    assert_true(lock_is_ours(folder, "a", fd));
    assert_false(lock_is_ours(folder, "b", fd));
    assert_false(lock_is_ours(folder, "a", -1));
    /* Another descriptor of the same file holds nothing. */
    loose = openat(folder, "a", O_RDWR | O_CLOEXEC);
    assert_false(lock_is_ours(folder, "a", loose));
    close(loose);
    /* The name has another file by now. */
    unlinkat(folder, "a", 0);
    close(openat(folder, "a", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    assert_false(lock_is_ours(folder, "a", fd));
    close(fd);
    /* Others share it. */
    assert_int_equal(take("b", LOCK_SHARED, 0, &fd), LOCK_TAKEN);
    assert_int_equal(take("b", LOCK_SHARED, 0, &shared), LOCK_TAKEN);
    assert_false(lock_is_ours(folder, "b", fd));
    close(shared);
    close(fd);
    other = other_start(hold, NULL);
    fd = openat(folder, "a", O_RDWR | O_CLOEXEC);
    assert_false(lock_is_ours(folder, "a", fd));
    close(fd);
    other_end(&other, 0);
}

static int held = -1;

/* As who holds the lock puts another file in its place. */
static void
replace(void)
{
    close(openat(folder, "b", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    renameat(folder, "b", folder, "a");
    close(held);
}

/* What happens just after somebody has looked which file has a name. */
static void (*after_look)(void);

/* The library calls this one. */
int
fstatat(int at, const char *name, struct stat *st, int flags)
{
    cleanup_close int fd = openat(
        at, name,
        O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
    int result = fd < 0 ? -1 : fstat(fd, st);

    if (after_look)
        after_look();
    after_look = NULL;
    return result;
}

static void
test_is_replaced(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(take("a", LOCK_EXCLUSIVE, 0, &held), LOCK_TAKEN);
    fd = openat(folder, "a", O_RDWR | O_CLOEXEC);
    after_look = replace;
    assert_false(lock_is_ours(folder, "a", fd));
    if (after_look)
        after_look();
    after_look = NULL;
    assert_false(lock_is_ours(folder, "a", fd));
    close(fd);
}

#define TEST(function)                                                        \
    cmocka_unit_test_setup_teardown(function, open_folder, close_folder)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exclusive),     TEST(test_shared),
        TEST(test_file),          TEST(test_link),
        TEST(test_two_processes), TEST(test_crash),
        TEST(test_inherited),     TEST(test_child_closes),
        TEST(test_across_exec),   TEST(test_time_limit),
        TEST(test_signals),       TEST(test_waits),
        TEST(test_is_ours),       TEST(test_is_replaced),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
