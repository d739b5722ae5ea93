/*
 * doctor_pam.c - the files of /etc/pam.d: in which services the module
 * stands, and whether it stands right in them.
 *
 * One line of a file that others include stands in many services: what is
 * said of it is said once.
 */
#include "broker/doctor.h"

#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/doctor_stack.h"
#include "lib/base/cleanup.h"

#define PAM_MODULE   "pam_parallel.so"
#define PAM_FINDINGS 200

/* What bring a home, a runtime folder, or an open keyring. */
static const char *const pam_before[] = {"pam_systemd.so",
                                         "pam_elogind.so",
                                         "pam_mkhomedir.so",
                                         "pam_mount.so",
                                         "pam_gnome_keyring.so",
                                         "pam_oddjob_mkhomedir.so",
                                         NULL};

/* In these nobody begins to work. sudo-i is a login; chfn and chsh, which
 * include common-session on Debian, open no session. */
static const char *const pam_silent[] = {
    "sudo", "cron", "crond", "atd", "runuser", "polkit-1", "passwd", NULL};

struct pam_findings {
    struct doctor *d;
    char *said[PAM_FINDINGS]; /* "ID PLACE" */
    size_t said_count;
    size_t services; /* that have the module among their session lines */
    size_t troubles;
    char first[128]; /* the name of the first of them */
};

/* Whether that is to be said now: it has not been. */
static bool
pam_is_new(struct pam_findings *all, const char *id, const char *place)
{
    char *key;

    if (all->said_count == PAM_FINDINGS ||
        asprintf(&key, "%s %s", id, place) < 0)
        return false;
    for (size_t i = 0; i < all->said_count; i++)
        if (strcmp(all->said[i], key) == 0) {
            free(key);
            return false;
        }
    all->said[all->said_count++] = key;
    return true;
}

static bool
pam_is_in(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

/* Where libpam finds a module that is named without a folder; NULL: nowhere.
 * Owned by the caller. */
static char *
pam_find_module(void)
{
    static const char *const places[] = {
        "/lib/security/" PAM_MODULE,       "/lib64/security/" PAM_MODULE,
        "/lib/*/security/" PAM_MODULE,     "/usr/lib/security/" PAM_MODULE,
        "/usr/lib64/security/" PAM_MODULE, "/usr/lib/*/security/" PAM_MODULE};
    char *path = NULL;

    for (size_t i = 0; !path && i < sizeof places / sizeof *places; i++) {
        glob_t found;

        if (glob(places[i], GLOB_NOSORT, NULL, &found) == 0 &&
            found.gl_pathc > 0)
            path = strdup(found.gl_pathv[0]);
        globfree(&found);
    }
    return path;
}

static void
pam_check_module(struct pam_findings *all, const struct stack_line *line)
{
    cleanup_free char *found = NULL;

    if (!pam_is_new(all, "pam.module", line->module))
        return;
    found = *line->module == '/' ? strdup(line->module) : pam_find_module();
    if (!found) {
        all->troubles++;
        doctor_advise(all->d, "write its whole path there: %s", MODULE_PATH);
        doctor_tell(all->d, DOCTOR_WRONG, "pam.module",
                    "%s: no folder of PAM has %s", line->place, line->module);
    } else if (doctor_check_system_file(all->d, "pam.module", "the PAM module",
                                        found)) {
        doctor_tell(all->d, DOCTOR_OK, "pam.module", "%s", found);
    } else {
        all->troubles++;
    }
}

static void
pam_complain(struct pam_findings *all, enum doctor_level level, const char *id,
             const struct stack_line *line, const char *service,
             const char *what, const char *mend)
{
    if (!pam_is_new(all, id, line->place))
        return;
    all->troubles++;
    doctor_advise(all->d, "%s", mend);
    doctor_tell(all->d, level, id, "%s, in the service %s: %s", line->place,
                service, what);
}

/* What stands behind the module and should stand before it; or NULL. */
static const struct stack_line *
pam_find_behind(const struct stack *stack, size_t at)
{
    for (size_t i = at + 1; i < stack->count; i++) {
        const struct stack_line *line = &stack->item[i];

        for (size_t k = 0; pam_before[k]; k++)
            if (strcmp(line->type, "session") == 0 &&
                stack_line_is(line, pam_before[k]))
                return line;
    }
    return NULL;
}

static void
pam_check_session(struct pam_findings *all, const struct stack *stack,
                  size_t at, const char *service)
{
    const struct stack_line *line = &stack->item[at], *behind;
    char what[PATH_MAX + 64];

    if (all->services++ == 0)
        snprintf(all->first, sizeof all->first, "%s", service);
    if ((behind = pam_find_behind(stack, at))) {
        snprintf(what, sizeof what, "%s comes after it (%s)", behind->module,
                 behind->place);
        pam_complain(all, DOCTOR_WARNING, "pam.order", line, service, what,
                     "move the line of pam_parallel.so to the end");
    }
    if (pam_is_in(pam_silent, service) &&
        pam_is_new(all, "pam.silent", service)) {
        all->troubles++;
        doctor_advise(all->d, "take the line out of %s", line->place);
        doctor_tell(all->d, DOCTOR_WARNING, "pam.silent",
                    "%s runs pam_parallel.so, where no session of a person "
                    "begins (%s)",
                    service, line->place);
    }
}

static void
pam_check_line(struct pam_findings *all, const struct stack *stack, size_t at,
               const char *service)
{
    const struct stack_line *line = &stack->item[at];

    pam_check_module(all, line);
    if (strcmp(line->control, "optional") != 0)
        pam_complain(all, DOCTOR_WARNING, "pam.control", line, service,
                     "the control is not \"optional\": without the module "
                     "nobody could log in",
                     "write: session optional pam_parallel.so");
    if (strcmp(line->type, "session") == 0)
        pam_check_session(all, stack, at, service);
    else if (strcmp(line->type, "auth") != 0)
        pam_complain(all, DOCTOR_WRONG, "pam.type", line, service,
                     "the module has no functions of this type",
                     "write: session optional pam_parallel.so");
}

static bool
pam_is_service(const char *name)
{
    size_t len = strlen(name);

    return *name != '.' && name[len - 1] != '~' && !strchr(name, '#') &&
           !strstr(name, ".dpkg-") && !strstr(name, ".rpm") &&
           strncmp(name, "common-", 7) != 0;
}

static void
pam_check_folder(struct pam_findings *all, const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        struct stack stack = {NULL, 0, 0};

        if (!pam_is_service(entry->d_name))
            continue;
        stack_read(&stack, entry->d_name);
        for (size_t i = 0; i < stack.count; i++)
            if (stack_line_is(&stack.item[i], PAM_MODULE))
                pam_check_line(all, &stack, i, entry->d_name);
        stack_release(&stack);
    }
    if (folder)
        closedir(folder);
}

/* The module runs it as root, and so only if it is root's. */
static void
pam_check_helper(struct pam_findings *all)
{
    struct stat st;

    if (stat(FRONT_PATH, &st) < 0 || st.st_uid == 0)
        return;
    all->troubles++;
    doctor_advise(all->d, "as root: chown root %s", FRONT_PATH);
    doctor_tell(all->d, DOCTOR_WRONG, "pam.helper",
                "%s belongs to uid %u: the module does not run it", FRONT_PATH,
                (unsigned)st.st_uid);
}

void
doctor_pam(struct doctor *d)
{
    struct pam_findings all = {.d = d};

    for (size_t i = 0; stack_folders[i]; i++)
        pam_check_folder(&all, stack_folders[i]);
    if (all.services)
        pam_check_helper(&all);
    if (!all.services && all.said_count) {
        doctor_advise(d, "write: session optional pam_parallel.so");
        doctor_tell(d, DOCTOR_WARNING, "pam.session",
                    "pam_parallel.so stands in no session line");
    } else if (!all.services) {
        doctor_tell(d, DOCTOR_OK, "pam.session",
                    "pam_parallel.so is in no service: no login connects by "
                    "itself");
    } else if (!all.troubles) {
        doctor_tell(d, DOCTOR_OK, "pam.session", "in %s%s", all.first,
                    all.services > 1 ? " and other services" : "");
    }
    for (size_t i = 0; i < all.said_count; i++)
        free(all.said[i]);
}
