/*
 * doctor_places.c - whose credentials are looked at, and the folders they lie
 * in: home, state, runtime.
 */
#include "broker/doctor.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PLACES_NEEDED (2 * 1024 * 1024) /* bytes: a store, and its draft */
#define PLACES_SCARCE (16 * 1024 * 1024)

void
doctor_person(struct doctor *d)
{
    const struct passwd *pw = getpwuid(geteuid());
    const char *sudo = getenv("SUDO_USER");

    if (!pw) {
        doctor_advise(d, "ask the administrator for an account");
        doctor_tell(d, DOCTOR_WARNING, "person.account",
                    "the password database does not know uid %u",
                    (unsigned)geteuid());
        return;
    }
    if (geteuid() == 0)
        doctor_advise(d,
                      "to look at a person's: runuser -u %s -- "
                      "parallel-credential doctor",
                      sudo && *sudo ? doctor_word(d, sudo) : "NAME");
    doctor_tell(d, DOCTOR_OK, "person.account",
                "these are the credentials of %s (uid %u)%s", pw->pw_name,
                (unsigned)geteuid(),
                geteuid() == 0 ? ", whom no login connects" : "");
}

static void
places_check_home(struct doctor *d)
{
    const char *given = getenv("HOME"), *home = d->b->place.home;
    struct stat st;

    if (given && strcmp(given, home) != 0) {
        doctor_advise(d, "set HOME to %s", home);
        doctor_tell(d, DOCTOR_WARNING, "home.variable",
                    "HOME is %s, which is no folder of yours; %s is used",
                    given, home);
    }
    if (stat(home, &st) < 0) {
        doctor_advise(d, "as root: mkdir %s", doctor_word(d, home));
        doctor_tell(d, DOCTOR_WRONG, "home.folder", "%s: %s", home,
                    strerror(errno));
    } else if (st.st_uid != geteuid()) {
        doctor_advise(d, "as root: chown -h %u %s", (unsigned)geteuid(),
                      doctor_word(d, home));
        doctor_tell(d, DOCTOR_WRONG, "home.folder",
                    "%s belongs to uid %u, not to you", home,
                    (unsigned)st.st_uid);
    } else if (st.st_mode & 022) {
        doctor_advise(d, "chmod go-w %s", doctor_word(d, home));
        doctor_tell(d, DOCTOR_WRONG, "home.folder",
                    "%s can be written by others", home);
    } else {
        doctor_tell(d, DOCTOR_OK, "home.folder", "%s", home);
    }
}

/* Whether there is room for the next version of what lies in path, which is
 * there. */
static void
places_check_space(struct doctor *d, const char *id, const char *path)
{
    unsigned long long free_bytes;
    struct statvfs disk;

    if (statvfs(path, &disk) < 0)
        return;
    free_bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
    if (disk.f_flag & ST_RDONLY) {
        doctor_advise(d, "have it mounted so that it can be written");
        doctor_tell(d, DOCTOR_WRONG, id, "%s is on a read-only disk", path);
    } else if (access(path, W_OK) < 0) {
        doctor_advise(d, "chmod u+w %s", doctor_word(d, path));
        doctor_tell(d, DOCTOR_WRONG, id, "%s cannot be written: %s", path,
                    strerror(errno));
    } else if (free_bytes < PLACES_NEEDED ||
               (disk.f_files > 0 && disk.f_favail == 0)) {
        doctor_advise(d, "make room: tokens are not renewed while their "
                         "successors cannot be kept");
        doctor_tell(d, DOCTOR_WRONG, id, "the disk of %s is full", path);
    } else if (free_bytes < PLACES_SCARCE) {
        doctor_advise(d, "make room");
        doctor_tell(d, DOCTOR_WARNING, id, "the disk of %s has %llu KiB left",
                    path, free_bytes / 1024);
    } else {
        doctor_tell(d, DOCTOR_OK, id, "%s has %llu MiB left", path,
                    free_bytes / 1024 / 1024);
    }
}

void
doctor_places(struct doctor *d)
{
    static const char *const ids[2] = {"state.folder", "state.file"};
    const char *state = d->b->place.state;
    char folder[PATH_MAX];
    struct stat st;

    if (!d->has_home) {
        doctor_advise(d, "set HOME to a folder of yours");
        doctor_tell(d, DOCTOR_WRONG, "home.folder",
                    "there is no home folder to keep credentials in");
        return;
    }
    places_check_home(d);
    if (lstat(state, &st) < 0 && errno == ENOENT) {
        doctor_tell(d, DOCTOR_OK, ids[0], "nothing is kept in %s yet", state);
        places_check_space(d, "state.space", d->b->place.home);
        return;
    }
    if (doctor_find_open_folder(state, folder) &&
        strlen(folder) > strlen(d->b->place.home)) {
        doctor_advise(d, "chmod go-w %s", doctor_word(d, folder));
        doctor_tell(d, DOCTOR_WRONG, ids[0],
                    "%s can be exchanged by others, who can write in %s",
                    state, folder);
    } else if (doctor_check_private(d, state, ids)) {
        doctor_tell(d, DOCTOR_OK, ids[0], "%s is yours alone", state);
    }
    places_check_space(d, "state.space", state);
}

void
doctor_runtime(struct doctor *d)
{
    static const char *const ids[2] = {"runtime.folder", "runtime.file"};
    const char *given = getenv("XDG_RUNTIME_DIR"), *path = d->b->place.runtime;
    struct stat st;

    if (given && *given &&
        (stat(given, &st) < 0 || st.st_uid != geteuid() ||
         !S_ISDIR(st.st_mode) || (st.st_mode & 077))) {
        doctor_advise(d, "log in anew, or unset XDG_RUNTIME_DIR (su and sudo "
                         "hand on that of somebody else)");
        doctor_tell(d, DOCTOR_WARNING, "runtime.variable",
                    "XDG_RUNTIME_DIR is %s, which is not yours alone%s", given,
                    *path ? "; that of your uid is used" : "");
    }
    if (!*path) {
        doctor_advise(d, "put pam_systemd before pam_parallel in the files of "
                         "/etc/pam.d, or log in by ssh or on a console");
        doctor_tell(d, DOCTOR_WARNING, ids[0],
                    "there is no runtime folder (/run/user/%u): the session "
                    "cache lies on the disk, and nothing can be parked while "
                    "a keyring is locked",
                    (unsigned)geteuid());
        return;
    }
    if (!doctor_check_private(d, path, ids))
        return;
    doctor_tell(d, DOCTOR_OK, ids[0], "%s", path);
    if (stat(path, &st) == 0)
        places_check_space(d, "runtime.space", path);
}
