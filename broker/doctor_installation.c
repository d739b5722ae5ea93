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
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/keyring.h"
#include "lib/base/secret.h"
#include "lib/base/spawn.h"
#include "lib/base/web.h"

#define INSTALLATION_FRONT_MAX (16 * 1024 * 1024)

/* How long a program may take to see that nobody wants anything: ms. */
#define INSTALLATION_LIMIT_MS 5000

struct installation_program {
    const char *path;
    const char *what;
    const char *libraries; /* that may be missing; NULL: then we were not here,
                              either */
    const char *without;   /* what there is not without them */
};

static const struct installation_program installation_programs[] = {
    {FRONT_PATH, "the program", NULL, NULL},
    {BROKER_PATH, "the broker", NULL, NULL},
#ifdef HAVE_KEYRING
    {KEYRING_PATH, "the keyring program", KEYRING_LIBRARIES,
     "the keyring of a desktop cannot be used"},
#endif
#ifdef HAVE_WEB
    {WEB_PATH, "the web program", WEB_LIBRARIES,
     "login --web does not work, and login does not lead a browser to its "
     "code"},
#endif
    {GIT_HELPER_PATH, "git's helper", NULL, NULL},
};

#define COUNT(table) (sizeof table / sizeof *table)

/* Told nothing, it ends at once, and well. */
static bool
installation_starts(const struct installation_program *program)
{
    char *argv[] = {(char *)program->path, NULL};
    struct pollfd watch = {.events = 0}; /* its end alone, whatever it says */
    int ends[2], status = -1;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return true; /* that says nothing about the program */
    pid = spawn_asked(program->path, argv, ends[1], -1, true, NULL);
    close(ends[1]);
    watch.fd = ends[0];
    if (pid > 0 && poll(&watch, 1, INSTALLATION_LIMIT_MS) <= 0)
        kill(pid, SIGKILL);
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
installation_check_libraries(struct doctor *d,
                             const struct installation_program *program)
{
    if (!program->libraries)
        return;
    if (installation_starts(program)) {
        doctor_tell(d, DOCTOR_OK, "installation.library", "%s starts",
                    program->what);
        return;
    }
    doctor_advise(d, "install its libraries: %s", program->libraries);
    doctor_tell(d, DOCTOR_WARNING, "installation.library",
                "%s %s does not start: %s", program->what, program->path,
                program->without);
}

static bool
installation_check_program(struct doctor *d,
                           const struct installation_program *program)
{
    const char *what = program->what, *path = program->path;

    if (!doctor_check_system_file(d, "installation.program", what, path))
        return false;
    if (access(path, X_OK) == 0) {
        installation_check_libraries(d, program);
        return true;
    }
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
        good &= installation_check_program(d, &installation_programs[i]);
    if (good)
        doctor_tell(d, DOCTOR_OK, "installation.program",
                    "%zu programs are there, and nobody else can write them",
                    COUNT(installation_programs));
    if (good)
        installation_check_front(d, FRONT_PATH);
    installation_check_path(d);
}
