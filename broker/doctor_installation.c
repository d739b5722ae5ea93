/*
 * doctor_installation.c - the programs: there, root's, of one version, and
 * the ones that PATH finds.
 */
#include "broker/doctor.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"

#define INSTALLATION_FRONT_MAX (16 * 1024 * 1024)

static const struct {
    const char *path;
    const char *what;
} installation_programs[] = {
    {FRONT_PATH, "the program"},           {BROKER_PATH, "the broker"},
#ifdef HAVE_KEYRING
    {KEYRING_PATH, "the keyring program"},
#endif
#ifdef HAVE_WEB
    {WEB_PATH, "the web program"},
#endif
    {GIT_HELPER_PATH, "git's helper"},
};

#define COUNT(table) (sizeof table / sizeof *table)

static bool
installation_check_program(struct doctor *d, const char *what,
                           const char *path)
{
    if (!doctor_check_system_file(d, "installation.program", what, path))
        return false;
    if (access(path, X_OK) == 0)
        return true;
    doctor_advise(d, "as root: chmod 755 %s", path);
    doctor_tell(d, DOCTOR_WRONG, "installation.program",
                "%s %s cannot be run: %s", what, path, strerror(errno));
    return false;
}

static int
installation_read(const char *path, struct secret *text)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = -1;

    while (fd >= 0 && text->len < INSTALLATION_FRONT_MAX &&
           secret_reserve(text, 65536) == 0 &&
           (n = read(fd, text->data + text->len, 65536)) > 0)
        text->len += (size_t)n;
    return n < 0 ? -1 : 0;
}

/* A front has the path of its broker, and its version, in it. */
static void
installation_check_front(struct doctor *d, const char *path)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;

    if (installation_read(path, &text) < 0 || !text.len)
        return;
    if (memmem(text.data, text.len, FRONT_MARK, strlen(FRONT_MARK))) {
        doctor_tell(d, DOCTOR_OK, "installation.front",
                    "%s is of this version, %s", path, PACKAGE_VERSION);
        return;
    }
    doctor_advise(d, "install all programs anew, from one package");
    if (memmem(text.data, text.len, BROKER_PATH, strlen(BROKER_PATH)))
        doctor_tell(d, DOCTOR_WRONG, "installation.front",
                    "%s is of another version than the broker (%s)", path,
                    PACKAGE_VERSION);
    else
        doctor_tell(d, DOCTOR_WRONG, "installation.front",
                    "%s does not hand over to %s", path, BROKER_PATH);
}

char *
doctor_find_program(const char *name)
{
    cleanup_free char *copy = strdup(getenv("PATH") ? getenv("PATH") : "");
    char *rest = copy, *folder;

    while (rest && (folder = strsep(&rest, ":"))) {
        cleanup_free char *path = malloc(PATH_MAX);

        if (path &&
            snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX &&
            access(path, X_OK) == 0)
            return realpath(path, NULL);
    }
    return NULL;
}

static void
installation_check_path(struct doctor *d)
{
    cleanup_free char *found = doctor_find_program("parallel-credential");
    cleanup_free char *ours = realpath(FRONT_PATH, NULL);

    if (!found) {
        doctor_advise(d, "put the folder of %s into PATH", FRONT_PATH);
        doctor_tell(d, DOCTOR_WARNING, "installation.path",
                    "PATH has no parallel-credential");
    } else if (ours && strcmp(found, ours) != 0) {
        doctor_advise(d, "remove one of the two");
        doctor_tell(d, DOCTOR_WARNING, "installation.path",
                    "PATH finds another installation first: %s, not %s", found,
                    ours);
    } else {
        doctor_tell(d, DOCTOR_OK, "installation.path", "PATH finds %s", found);
    }
}

void
doctor_installation(struct doctor *d)
{
    bool good = true;

    for (size_t i = 0; i < COUNT(installation_programs); i++)
        good &= installation_check_program(d, installation_programs[i].what,
                                           installation_programs[i].path);
    if (good)
        doctor_tell(d, DOCTOR_OK, "installation.program",
                    "%zu programs are there, and nobody else can write them",
                    COUNT(installation_programs));
    if (good)
        installation_check_front(d, FRONT_PATH);
    installation_check_path(d);
}
