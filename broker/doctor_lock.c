/*
 * doctor_lock.c - who holds the locks, and for how long already.
 *
 * The kernel does not tell who holds a lock of a descriptor. Those are asked
 * for who have the file open, as far as they can be looked at (our own
 * programs cannot, but by root); and else those whose names are ours.
 */
#include "broker/doctor.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

struct lock_holder {
    int64_t pid; /* 0: not known */
    char name[32];
    int64_t age; /* ms since the program started */
};

static bool
lock_is_held(const char *path, struct stat *st)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    cleanup_close int fd =
        open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    return fd >= 0 && fstat(fd, st) == 0 &&
           fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Before stat(), which hangs where the server of another file is gone. */
static bool
lock_leads_to(const char *descriptor, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlink(descriptor, target, sizeof target - 1);
    const char *slash;

    target[n > 0 ? n : 0] = '\0';
    slash = strrchr(target, '/');
    return slash && strcmp(slash + 1, name) == 0;
}

static bool
lock_has_open(const char *pid, const char *lock, const struct stat *file)
{
    char folder[64], name[PATH_MAX];
    const struct dirent *entry;
    bool found = false;
    struct stat st;
    DIR *list;

    snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
    list = opendir(folder);
    while (list && !found && (entry = readdir(list))) {
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        found = lock_leads_to(name, lock) && stat(name, &st) == 0 &&
                st.st_dev == file->st_dev && st.st_ino == file->st_ino;
    }
    if (list)
        closedir(list);
    return found;
}

/* Some file of its folder in /proc. -1: it has ended. */
static int
lock_read(const char *pid, const char *name, char *text, size_t size)
{
    cleanup_close int fd = -1;
    char path[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%.20s/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? 0 : -1;
}

/* Its name, and how long it has been running. -1: it has ended. */
static int
lock_describe(const char *pid, struct lock_holder *holder)
{
    unsigned long long started = 0;
    char text[1024], *end;

    if (lock_read(pid, "stat", text, sizeof text) < 0)
        return -1;
    end = strrchr(text, ')');
    if (!end || !strchr(text, '('))
        return -1;
    *end++ = '\0';
    /* Field 22 is the time of its start, in ticks since the boot. */
    for (int field = 2; field < 21 && (end = strchr(end + 1, ' ')); field++)
        ;
    if (end)
        started = strtoull(end, NULL, 10);
    text_show(holder->name, sizeof holder->name, strchr(text, '(') + 1);
    text_to_number(pid, INT_MAX, &holder->pid);
    holder->age =
        clock_now().boot -
        (int64_t)(started * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
    return 0;
}

/* Whether nobody but root can look at what it has open: lock_has_open() has
 * seen that of all others. */
static bool
lock_is_closed(const char *pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    return access(path, R_OK) < 0;
}

/* Whether that may be one of our programs, of the same person. The owner of
 * its folder in /proc is root: only the file tells. */
static bool
lock_is_ours_by_name(const char *pid, const char *name)
{
    const char *uid;
    char text[2048];

    if (strcmp(name, "broker") != 0 && strcmp(name, "keyring") != 0 &&
        !text_starts_with(name, "parallel-creden"))
        return false;
    if (!lock_is_closed(pid) ||
        lock_read(pid, "status", text, sizeof text) < 0)
        return false;
    uid = strstr(text, "\nUid:\t");
    return uid && strtoul(uid + 6, NULL, 10) == geteuid();
}

static void
lock_find_holder(const char *name, const struct stat *file,
                 struct lock_holder *holder)
{
    DIR *list = opendir("/proc");
    const struct dirent *entry;
    struct lock_holder each = {0};

    *holder = each;
    while (list && (entry = readdir(list))) {
        int64_t pid;

        if (text_to_number(entry->d_name, INT_MAX, &pid) < 0 ||
            pid == getpid() || lock_describe(entry->d_name, &each) < 0)
            continue;
        if (lock_has_open(entry->d_name, name, file)) {
            *holder = each;
            break;
        }
        if (!holder->pid && lock_is_ours_by_name(entry->d_name, each.name))
            *holder = each;
    }
    if (list)
        closedir(list);
}

/* limit: ms that it may be held. Whether it is. */
static bool
lock_check(struct doctor *d, const char *folder, const char *name,
           int64_t limit)
{
    struct lock_holder holder;
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!*folder || !lock_is_held(path, &st))
        return false;
    lock_find_holder(name, &st, &holder);
    if (!holder.pid) {
        doctor_advise(d, "as root: fuser -v %s", doctor_word(d, path));
        doctor_tell(d, DOCTOR_WARNING, "store.lock",
                    "somebody holds the lock %s", path);
    } else if (holder.age > limit) {
        doctor_advise(d, "if it hangs: kill %lld", (long long)holder.pid);
        doctor_tell(d, DOCTOR_WRONG, "store.lock",
                    "%s, process %lld, which started %lld s ago, holds the "
                    "lock %s",
                    holder.name, (long long)holder.pid,
                    (long long)holder.age / 1000, path);
    } else {
        doctor_tell(d, DOCTOR_OK, "store.lock",
                    "%s, process %lld, is at work with %s", holder.name,
                    (long long)holder.pid, path);
    }
    return true;
}

void
doctor_locks(struct doctor *d)
{
    int64_t limit = d->b->config.lock_timeout_ms;
    bool held;

    if (!d->has_home)
        return;
    held = lock_check(d, d->b->place.state, STORE_LOCK_NAME, limit);
    held |= lock_check(d, cache_folder(&d->b->place), CACHE_LOCK_NAME, limit);
    if (!held)
        doctor_tell(d, DOCTOR_OK, "store.lock", "nobody holds a lock");
}
