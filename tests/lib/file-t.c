#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

static char path[32];
static int folder = -1;

static int
open_place(void **state)
{
    (void)state;
    strcpy(path, "/tmp/file-t.XXXXXX");
    if (!mkdtemp(path))
        return -1;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 ? -1 : 0;
}

static int
close_place(void **state)
{
    char command[64];

    (void)state;
    close(folder);
    snprintf(command, sizeof command, "rm -rf %s", path);
    return system(command);
}

/* Makes the file name with text and mode. */
static void
put(const char *name, const char *text, mode_t mode)
{
    int fd =
        openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* The file name has text. */
static void
assert_file(const char *name, const char *text)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (file_read(folder, path, name, 1 << 20, &out, NULL, &err) != FILE_OK)
        fail_msg("%s: %s", name, err.text);
    assert_string_equal(secret_text(&out), text);
    assert_int_equal(out.len, strlen(text));
}

static bool
is_there(const char *name)
{
    struct stat st;

    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
assert_unreadable(const char *name, size_t max, const char *part)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct error err = ERROR_INIT;

    secret_set(&out, "before", 6);
    if (file_read(folder, path, name, max, &out, NULL, &err) != FILE_FAILED)
        fail_msg("read: %s", name);
    assert_int_equal(err.failure, FAIL_SERVICE);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, name));
    if (!strstr(err.text, part))
        fail_msg("\"%s\" lacks \"%s\"", err.text, part);
    assert_string_equal(out.data, "before");
    assert_int_equal(file_read(folder, path, name, max, &out, NULL, NULL),
                     FILE_FAILED);
}

static void
test_read(void **state)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct stat st;

    (void)state;
    put("f", "some text", 0600);
    assert_int_equal(file_read(folder, path, "f", 9, &out, &st, NULL),
                     FILE_OK);
    assert_string_equal(out.data, "some text");
    assert_int_equal(out.len, 9);
    assert_int_equal(st.st_size, 9);
    put("f", "", 0400);
    assert_int_equal(file_read(folder, path, "f", 9, &out, NULL, NULL),
                     FILE_OK);
    assert_true(secret_is_empty(&out));
    secret_set(&out, "before", 6);
    assert_int_equal(file_read(folder, path, "g", 9, &out, NULL, NULL),
                     FILE_ABSENT);
    assert_string_equal(out.data, "before");
}

static void
test_read_too_large(void **state)
{
    (void)state;
    put("f", "0123456789", 0600);
    assert_unreadable("f", 9, "too large (10 bytes, at most 9)");
    assert_file("f", "0123456789");
}

static void
test_read_modes(void **state)
{
    static const mode_t open_modes[] = {0666, 0644, 0640, 0620, 0610,
                                        0604, 0602, 0601, 0777};

    (void)state;
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        put("f", "text", open_modes[i]);
        assert_unreadable("f", 99, "chmod 600");
    }
}

static void
test_read_links(void **state)
{
    (void)state;
    put("f", "text", 0600);
    assert_int_equal(symlinkat("f", folder, "soft"), 0);
    assert_unreadable("soft", 99, "symbolic link");
    assert_int_equal(symlinkat("nowhere", folder, "dead"), 0);
    assert_unreadable("dead", 99, "symbolic link");
    assert_int_equal(linkat(folder, "f", folder, "hard", 0), 0);
    assert_unreadable("f", 99, "hard link");
    assert_unreadable("hard", 99, "hard link");
    unlinkat(folder, "hard", 0);
    assert_file("f", "text");
}

static void
test_read_no_file(void **state)
{
    (void)state;
    assert_int_equal(mkdirat(folder, "d", 0700), 0);
    assert_unreadable("d", 99, "not a regular file");
    assert_int_equal(mkfifoat(folder, "p", 0600), 0);
    alarm(20); /* would wait for a writer */
    assert_unreadable("p", 99, "not a regular file");
    alarm(0);
}

static void
test_read_owner(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("# not tried: needs root\n");
        return;
    }
    put("f", "text", 0600);
    assert_int_equal(fchownat(folder, "f", 12345, (gid_t)-1, 0), 0);
    assert_unreadable("f", 99, "belongs to uid 12345");
    /* It is the effective user that counts. */
    assert_int_equal(fchownat(folder, "", 12345, (gid_t)-1, AT_EMPTY_PATH), 0);
    assert_int_equal(seteuid(12345), 0);
    assert_file("f", "text");
    assert_int_equal(seteuid(0), 0);
    put("g", "text", 0600);
    assert_int_equal(fchownat(folder, "g", 0, (gid_t)-1, 0), 0);
    assert_int_equal(seteuid(12345), 0);
    assert_unreadable("g", 99, "Permission denied");
    assert_int_equal(seteuid(0), 0);
}

/* Folders. */

static enum file_status
open_folder(const char *name, bool create, int *fd, struct error *err)
{
    char full[128];

    snprintf(full, sizeof full, "%s/%s", path, name);
    return file_open_folder(full, create, fd, err);
}

static void
test_folder(void **state)
{
    struct error err = ERROR_INIT;
    struct stat st;
    int fd = -1;

    (void)state;
    assert_int_equal(open_folder("a/b/c", false, &fd, &err), FILE_ABSENT);
    assert_int_equal(fd, -1);
    assert_false(is_there("a"));
    umask(0);
    assert_int_equal(open_folder("a/b/c", true, &fd, &err), FILE_OK);
    umask(022);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    assert_int_equal(fstatat(folder, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fstatat(folder, "a/b", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(open_folder("a/b/c", true, &fd, &err), FILE_OK);
    close(fd);
    assert_int_equal(open_folder("a/b/c", false, &fd, &err), FILE_OK);
    close(fd);
}

static void
assert_no_folder(const char *name, const char *part)
{
    for (int create = 0; create < 2; create++) {
        struct error err = ERROR_INIT;
        int fd = -1;
        if (open_folder(name, create, &fd, &err) != FILE_FAILED)
            fail_msg("opened: %s", name);
        assert_int_equal(fd, -1);
        assert_int_equal(err.failure, FAIL_SERVICE);
        assert_non_null(strstr(err.text, name));
        if (!strstr(err.text, part))
            fail_msg("\"%s\" lacks \"%s\"", err.text, part);
        assert_int_equal(open_folder(name, create, &fd, NULL), FILE_FAILED);
    }
}

static void
test_folder_refused(void **state)
{
    struct error err = ERROR_INIT;
    int fd = -1;

    (void)state;
    assert_int_equal(mkdirat(folder, "d", 0700), 0);
    assert_int_equal(symlinkat("d", folder, "soft"), 0);
    assert_no_folder("soft", "link");
    put("f", "text", 0600);
    assert_no_folder("f", "file");
    assert_int_equal(fchmodat(folder, "d", 0750, 0), 0);
    assert_no_folder("d", "chmod 700");
    assert_int_equal(fchmodat(folder, "d", 0701, 0), 0);
    assert_no_folder("d", "chmod 700");
    assert_int_equal(fchmodat(folder, "d", 0500, 0), 0);
    assert_int_equal(open_folder("d", false, &fd, &err), FILE_OK);
    close(fd);
    /* A path that leads through a file. */
    assert_no_folder("f/x", "f/x");
}

static void
test_folder_owner(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("# not tried: needs root\n");
        return;
    }
    assert_int_equal(mkdirat(folder, "d", 0700), 0);
    assert_int_equal(fchownat(folder, "d", 12345, (gid_t)-1, 0), 0);
    assert_no_folder("d", "belongs to uid 12345");
}

/* Drafts. */

static void
test_draft(void **state)
{
    struct file_draft draft = FILE_DRAFT_INIT;
    struct error err = ERROR_INIT;
    struct stat st;

    (void)state;
    put("f", "old", 0600);
    umask(0);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 1000, true, &err), 0);
    umask(022);
    assert_true(is_there("f.new"));
    assert_file("f", "old");
    assert_int_equal(fstat(draft.fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(fcntl(draft.fd, F_GETFD) & FD_CLOEXEC);
    /* The room is taken already. */
    assert_true(st.st_blocks * 512 >= 1000);
    assert_int_equal(file_draft_commit(&draft, "new text", 8, &err), 0);
    assert_file("f", "new text");
    assert_false(is_there("f.new"));
    file_draft_discard(&draft);
    assert_file("f", "new text");
}

static void
test_draft_sizes(void **state)
{
    struct file_draft draft = FILE_DRAFT_INIT;
    char text[5001];

    (void)state;
    memset(text, 'x', 5000);
    text[5000] = '\0';
    /* More than there is room for, and no room at all. */
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 10, false, NULL), 0);
    assert_int_equal(file_draft_commit(&draft, text, 5000, NULL), 0);
    assert_file("f", text);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 0, false, NULL), 0);
    assert_int_equal(file_draft_commit(&draft, "", 0, NULL), 0);
    assert_file("f", "");
}

static void
test_draft_discarded(void **state)
{
    struct file_draft draft = FILE_DRAFT_INIT;

    (void)state;
    file_draft_discard(&draft);
    put("f", "old", 0600);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 100, true, NULL), 0);
    file_draft_discard(&draft);
    assert_false(is_there("f.new"));
    assert_file("f", "old");
    file_draft_discard(&draft);
}

/* What a crash left, or somebody laid there, is replaced, never followed. */
static void
test_draft_in_the_way(void **state)
{
    struct file_draft draft = FILE_DRAFT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    put("f.new", "half of a draft", 0666);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 10, false, &err), 0);
    assert_int_equal(file_draft_commit(&draft, "1", 1, &err), 0);
    assert_file("f", "1");
    put("victim", "untouched", 0600);
    assert_int_equal(symlinkat("victim", folder, "f.new"), 0);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 10, false, &err), 0);
    assert_int_equal(file_draft_commit(&draft, "2", 1, &err), 0);
    assert_file("f", "2");
    assert_file("victim", "untouched");
    assert_int_equal(mkdirat(folder, "f.new", 0700), 0);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 10, false, &err), -1);
    assert_non_null(strstr(err.text, "/f:"));
    assert_file("f", "2");
}

/* A link where the file should be is replaced itself. */
static void
test_draft_over_link(void **state)
{
    struct file_draft draft = FILE_DRAFT_INIT;

    (void)state;
    put("victim", "untouched", 0600);
    assert_int_equal(symlinkat("victim", folder, "f"), 0);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 10, false, NULL), 0);
    assert_int_equal(file_draft_commit(&draft, "new", 3, NULL), 0);
    assert_file("f", "new");
    assert_file("victim", "untouched");
}

static void
test_draft_failed_commit(void **state)
{
    struct file_draft draft = FILE_DRAFT_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(mkdirat(folder, "f", 0700), 0);
    assert_int_equal(
        file_draft_open(&draft, folder, path, "f", 10, true, &err), 0);
    assert_int_equal(file_draft_commit(&draft, "text", 4, &err), -1);
    assert_int_equal(err.failure, FAIL_SERVICE);
    /* The draft is still open: what was in the way is gone, again. */
    assert_int_equal(unlinkat(folder, "f", AT_REMOVEDIR), 0);
    assert_int_equal(file_draft_commit(&draft, "text", 4, &err), 0);
    assert_file("f", "text");
}

/* A disk with no more room shows when the draft is opened; the old file and
 * the folder stay as they were. */
static void
test_full(void **state)
{
    struct file_draft draft = FILE_DRAFT_INIT;
    struct error err = ERROR_INIT;
    struct rlimit before, little;
    char text[200];

    (void)state;
    put("f", "old", 0600);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    little = (struct rlimit){100, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &little);
    int opened = file_draft_open(&draft, folder, path, "f", 200, true, &err);
    bool left = is_there("f.new");
    struct file_draft small = FILE_DRAFT_INIT;
    int small_opened =
        file_draft_open(&small, folder, path, "f", 100, true, NULL);
    memset(text, 'x', sizeof text);
    int too_much = file_draft_commit(&small, text, 200, NULL);
    int enough = file_draft_commit(&small, text, 100, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(opened, -1);
    assert_false(left);
    assert_int_equal(err.failure, FAIL_SERVICE);
    assert_non_null(strstr(err.text, "no room to write"));
    assert_int_equal(small_opened, 0);
    assert_int_equal(too_much, -1);
    assert_int_equal(enough, 0);
    text[100] = '\0';
    assert_file("f", text);
}

/* On a disk of one page of room: what was taken by opening a draft is there,
 * even when the rest fills up meanwhile. 77 where that cannot be tried. */
static int
try_small_disk(void)
{
    struct file_draft large = FILE_DRAFT_INIT, draft = FILE_DRAFT_INIT;
    struct error err = ERROR_INIT;
    static char page[4096];
    int disk, filler;

    if (unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", path, "tmpfs", 0, "size=32k,mode=700") < 0)
        return 77;
    disk = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file_draft_open(&large, disk, path, "f", 65536, true, &err) == 0 ||
        !strstr(err.text, "no room") || faccessat(disk, "f.new", F_OK, 0) == 0)
        return 1;
    if (file_draft_open(&draft, disk, path, "f", 8192, true, &err) < 0)
        return 2;
    filler = openat(disk, "filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (file_write_all(filler, page, sizeof page) == 0)
        ;
    if (errno != ENOSPC)
        return 3;
    memset(page, 'x', sizeof page);
    if (file_draft_commit(&draft, page, sizeof page, &err) < 0)
        return 4;
    return 0;
}

static void
test_small_disk(void **state)
{
    int status = -1;
    pid_t child;

    (void)state;
    if (geteuid() != 0) {
        print_message("# not tried: needs root\n");
        return;
    }
    child = fork();
    if (child == 0)
        _exit(try_small_disk());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        print_message("# not tried: needs a mount namespace\n");
    else
        assert_int_equal(status, 0);
}

static void
note_alarm(int number)
{
    (void)number;
}

/* A write that a signal interrupts again and again goes through. */
static void
test_write_all(void **state)
{
    struct sigaction action = {.sa_handler = note_alarm}; /* no SA_RESTART */
    static char text[1 << 20];
    size_t size = sizeof text, got = 0;
    char piece[4096];
    int fds[2], status = -1;
    pid_t child, parent = getpid();
    ssize_t n;

    (void)state;
    memset(text, 'x', size);
    sigaction(SIGUSR1, &action, NULL);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        close(fds[1]);
        for (int i = 0; i < 50; i++) { /* the pipe is full meanwhile */
            kill(parent, SIGUSR1);
            poll(NULL, 0, 1);
        }
        do {
            kill(parent, SIGUSR1);
            n = read(fds[0], piece, sizeof piece);
            got += n > 0 ? (size_t)n : 0;
        } while (n > 0);
        _exit(got == size ? 0 : 1);
    }
    close(fds[0]);
    assert_int_equal(file_write_all(fds[1], text, size), 0);
    close(fds[1]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    assert_int_equal(status, 0);
    signal(SIGUSR1, SIG_DFL);
    assert_int_equal(file_write_all(-1, text, 1), -1);
    assert_int_equal(file_write_all(-1, text, 0), 0);
}

#define TEST(function)                                                        \
    cmocka_unit_test_setup_teardown(function, open_place, close_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_read),
        TEST(test_read_too_large),
        TEST(test_read_modes),
        TEST(test_read_links),
        TEST(test_read_no_file),
        TEST(test_read_owner),
        TEST(test_folder),
        TEST(test_folder_refused),
        TEST(test_folder_owner),
        TEST(test_draft),
        TEST(test_draft_sizes),
        TEST(test_draft_discarded),
        TEST(test_draft_in_the_way),
        TEST(test_draft_over_link),
        TEST(test_draft_failed_commit),
        TEST(test_full),
        TEST(test_small_disk),
        TEST(test_write_all),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
