#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

int
file_write_all(int fd, const void *data, size_t len)
{
    const char *bytes = data;

    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Looks without disturbing errno. */
static bool
file_is_there(const char *path)
{
    int saved = errno;
    bool there = access(path, F_OK) == 0;

    errno = saved;
    return there;
}

/* mkdir -p with 0700; what exists is left as it is. */
static int
file_make_folders(const char *path)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof partial) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(partial, path, len + 1);
    for (char *p = partial + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(partial, 0700) < 0 && !file_is_there(partial))
            return -1;
        *p = '/';
    }
    return mkdir(partial, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

enum file_status
file_open_folder(const char *path, bool create, int *fd, struct error *err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    cleanup_close int folder = open(path, flags);
    struct stat st;

    if (folder < 0 && errno == ENOENT) {
        if (!create)
            return FILE_ABSENT;
        if (file_make_folders(path) < 0)
            return (enum file_status)error_errno(
                err, FAIL_SERVICE, "store", "cannot make the folder %s", path);
        folder = open(path, flags);
    }
    if (folder < 0 && (errno == ELOOP || errno == ENOTDIR))
        return (enum file_status)error_set(
            err, FAIL_SERVICE, "store",
            "%s is a link or a file where a folder of yours should be; "
            "move it away",
            path);
    if (folder < 0 || fstat(folder, &st) < 0)
        return (enum file_status)error_errno(
            err, FAIL_SERVICE, "store", "cannot open the folder %s", path);
    if (st.st_uid != geteuid())
        return (enum file_status)error_set(
            err, FAIL_SERVICE, "store",
            "the folder %s belongs to uid %u, not to you (uid %u)", path,
            (unsigned)st.st_uid, (unsigned)geteuid());
    if (st.st_mode & 077)
        return (enum file_status)error_set(
            err, FAIL_SERVICE, "store",
            "the folder %s is open to others; close it with: chmod 700 %s",
            path, path);
    *fd = steal_fd(&folder);
    return FILE_OK;
}

/* Says what is wrong with the file that was opened, or 0. */
static int
file_check(const struct stat *st, const char *shown, const char *name,
           size_t max, struct error *err)
{
    if (!S_ISREG(st->st_mode))
        return error_set(err, FAIL_SERVICE, "store",
                         "%s/%s is not a regular file; move it away", shown,
                         name);
    if (st->st_uid != geteuid())
        return error_set(err, FAIL_SERVICE, "store",
                         "%s/%s belongs to uid %u, not to you (uid %u)", shown,
                         name, (unsigned)st->st_uid, (unsigned)geteuid());
    if (st->st_mode & 077)
        return error_set(err, FAIL_SERVICE, "store",
                         "%s/%s is open to others; close it with: "
                         "chmod 600 %s/%s",
                         shown, name, shown, name);
    if (st->st_nlink > 1)
        return error_set(err, FAIL_SERVICE, "store",
                         "%s/%s has a second name (a hard link); remove "
                         "one of the two",
                         shown, name);
    if (st->st_size < 0 || (unsigned long long)st->st_size > max)
        return error_set(err, FAIL_SERVICE, "store",
                         "%s/%s is too large (%lld bytes, at most %zu); "
                         "move it away",
                         shown, name, (long long)st->st_size, max);
    return 0;
}

static int
file_read_all(int fd, size_t max, struct secret *out)
{
    while (out->len <= max) {
        ssize_t n;

        if (secret_reserve(out, 1) < 0) {
            errno = ENOMEM;
            return -1;
        }
        n = read(fd, out->data + out->len, out->room - out->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            out->data[out->len] = '\0';
            return 0;
        }
        out->len += (size_t)n;
    }
    errno = EFBIG;
    return -1;
}

enum file_status
file_read(int folder, const char *shown, const char *name, size_t max,
          struct secret *out, struct stat *st, struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct stat own;
    cleanup_close int fd =
        openat(folder, name,
               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return FILE_ABSENT;
    if (fd < 0 && errno == ELOOP)
        return (enum file_status)error_set(
            err, FAIL_SERVICE, "store",
            "%s/%s is a symbolic link; move it away", shown, name);
    if (!st)
        st = &own;
    if (fd < 0 || fstat(fd, st) < 0)
        return (enum file_status)error_errno(err, FAIL_SERVICE, "store",
                                             "cannot read %s/%s", shown, name);
    if (file_check(st, shown, name, max, err) < 0)
        return FILE_FAILED;
    if (secret_reserve(&text, (size_t)st->st_size) < 0 ||
        file_read_all(fd, max, &text) < 0)
        return (enum file_status)error_errno(err, FAIL_SERVICE, "store",
                                             "cannot read %s/%s", shown, name);
    secret_move(out, &text);
    return FILE_OK;
}

/* Takes the disk space now, so that a full disk shows before it matters. */
static int
file_take_room(int fd, size_t room)
{
    static const char zeros[4096];
    int failed = posix_fallocate(fd, 0, (off_t)room);

    if (failed != EOPNOTSUPP && failed != EINVAL) {
        errno = failed;
        return failed ? -1 : 0;
    }
    for (size_t done = 0; done < room; done += sizeof zeros)
        if (file_write_all(fd, zeros, sizeof zeros) < 0)
            return -1;
    return lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

int
file_draft_open(struct file_draft *draft, int folder, const char *shown,
                const char *name, size_t room, bool durable, struct error *err)
{
    *draft = (struct file_draft){folder, -1, shown, "", "", durable};
    snprintf(draft->name, sizeof draft->name, "%s", name);
    snprintf(draft->draft, sizeof draft->draft, "%s.new", name);
    if (unlinkat(folder, draft->draft, 0) < 0 && errno != ENOENT)
        return error_errno(err, FAIL_SERVICE, "store", "cannot write %s/%s",
                           shown, name);
    draft->fd =
        openat(folder, draft->draft,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (draft->fd < 0)
        return error_errno(err, FAIL_SERVICE, "store", "cannot write %s/%s",
                           shown, name);
    if (room > 0 && file_take_room(draft->fd, room) < 0) {
        error_errno(err, FAIL_SERVICE, "store", "no room to write %s/%s",
                    shown, name);
        file_draft_discard(draft);
        return -1;
    }
    return 0;
}

int
file_draft_commit(struct file_draft *draft, const void *data, size_t len,
                  struct error *err)
{
    if (lseek(draft->fd, 0, SEEK_SET) < 0 ||
        file_write_all(draft->fd, data, len) < 0 ||
        ftruncate(draft->fd, (off_t)len) < 0)
        return error_errno(err, FAIL_SERVICE, "store", "cannot write %s/%s",
                           draft->shown, draft->name);
    /* A disk that cannot say that it has written is no reason to throw away
     * what it may well have, when the old contents are of no more use. */
    if (draft->durable)
        fsync(draft->fd);
    if (renameat(draft->folder, draft->draft, draft->folder, draft->name) < 0)
        return error_errno(err, FAIL_SERVICE, "store", "cannot write %s/%s",
                           draft->shown, draft->name);
    close(draft->fd);
    draft->fd = -1;
    if (draft->durable)
        fsync(draft->folder);
    return 0;
}

void
file_draft_discard(struct file_draft *draft)
{
    if (draft->fd < 0)
        return;
    close(draft->fd);
    draft->fd = -1;
    unlinkat(draft->folder, draft->draft, 0);
}
