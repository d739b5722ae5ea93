/*
 * doctor_file.c - owners and modes, of what root runs and of what is private.
 */
#include "broker/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder in which others may exchange what lies in it. In one with the
 * sticky bit they may not exchange what is not theirs. */
static bool
file_is_open_folder(const struct stat *st)
{
    return (st->st_uid != 0 && st->st_uid != geteuid()) ||
           ((st->st_mode & 022) && !(st->st_mode & S_ISVTX));
}

bool
doctor_find_open_folder(const char *path, char *out)
{
    struct stat st;
    char *slash;

    snprintf(out, PATH_MAX, "%s", path);
    while ((slash = strrchr(out, '/')) && slash != out) {
        *slash = '\0';
        if (stat(out, &st) == 0 && file_is_open_folder(&st))
            return true;
    }
    return false;
}

bool
doctor_check_system_file(struct doctor *d, const char *id, const char *what,
                         const char *path)
{
    char folder[PATH_MAX];
    struct stat st;

    if (stat(path, &st) < 0) {
        doctor_advise(d, "install it anew");
        doctor_tell(d, DOCTOR_WRONG, id, "%s %s: %s", what, path,
                    strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        doctor_advise(d, "install it anew");
        doctor_tell(d, DOCTOR_WRONG, id, "%s %s is not a regular file", what,
                    path);
    } else if (st.st_uid != 0 && st.st_uid != geteuid()) {
        doctor_advise(d, "as root: chown root %s", doctor_word(d, path));
        doctor_tell(d, DOCTOR_WRONG, id, "%s %s belongs to uid %u", what, path,
                    (unsigned)st.st_uid);
    } else if (st.st_mode & 022) {
        doctor_advise(d, "chmod go-w %s", doctor_word(d, path));
        doctor_tell(d, DOCTOR_WRONG, id, "%s %s can be written by others",
                    what, path);
    } else if (doctor_find_open_folder(path, folder)) {
        const char *word = doctor_word(d, folder);

        doctor_advise(d, "chown root %s; chmod go-w %s", word, word);
        doctor_tell(d, DOCTOR_WRONG, id,
                    "%s %s can be exchanged by others, who can write in %s",
                    what, path, folder);
    } else {
        return true;
    }
    return false;
}

/* One thing of the person's own, as lstat() shows it. */
static bool
file_check_own(struct doctor *d, const char *id, const char *path,
               const struct stat *st)
{
    bool folder = S_ISDIR(st->st_mode);

    if (S_ISLNK(st->st_mode)) {
        doctor_advise(d, "move it away: %s", path);
        doctor_tell(d, DOCTOR_WRONG, id, "%s is a symbolic link", path);
    } else if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
        doctor_advise(d,
                      "find the other one, and remove it: find %s -inum "
                      "%llu -xdev",
                      doctor_word(d, d->b->place.home),
                      (unsigned long long)st->st_ino);
        doctor_tell(d, DOCTOR_WRONG, id, "%s has a second name", path);
    } else if (st->st_uid != geteuid()) {
        /* Not what a link leads to, which may be there by then. */
        doctor_advise(d, "as root: chown -h %u %s", (unsigned)geteuid(),
                      doctor_word(d, path));
        doctor_tell(d, DOCTOR_WRONG, id, "%s belongs to uid %u, not to you",
                    path, (unsigned)st->st_uid);
    } else if (st->st_mode & 077) {
        doctor_advise(d, "chmod %s %s", folder ? "700" : "600",
                      doctor_word(d, path));
        doctor_tell(d, DOCTOR_WRONG, id, "%s is open to others (%04o)", path,
                    (unsigned)st->st_mode & 07777);
    } else {
        return true;
    }
    return false;
}

static bool
file_check_contents(struct doctor *d, const char *path, const char *id)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char name[PATH_MAX];
    bool good = true;
    struct stat st;

    while (folder && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0 ||
            (size_t)snprintf(name, sizeof name, "%s/%s", path,
                             entry->d_name) >= sizeof name ||
            lstat(name, &st) < 0)
            continue;
        good &= file_check_own(d, id, name, &st);
    }
    if (folder)
        closedir(folder);
    return good;
}

bool
doctor_check_private(struct doctor *d, const char *path,
                     const char *const ids[2])
{
    struct stat st;

    if (lstat(path, &st) < 0 && errno == ENOENT)
        return true;
    if (lstat(path, &st) < 0) {
        doctor_advise(d, "look at the folders above it");
        doctor_tell(d, DOCTOR_WRONG, ids[0], "%s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode)) {
        doctor_advise(d, "move it away: %s", path);
        doctor_tell(d, DOCTOR_WRONG, ids[0],
                    "%s is a file where a folder should be", path);
        return false;
    }
    return file_check_own(d, ids[0], path, &st) &&
           file_check_contents(d, path, ids[1]);
}
