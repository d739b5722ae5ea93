/*
 * module.c - pam_parallel: a session is connected to Parallel.
 *
 *     open_session ── user of ours? ── start the front ── its events:
 *                                                         show, set, log
 *                  ── reap it ── keep the pipe while the session lives
 *     close_session ── close the pipe
 *
 * Nothing here can refuse a login, and nothing here waits for the network.
 */
#include <langinfo.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "pam/child.h"
#include "pam/dialog.h"
#include "pam/options.h"
#include "pam/user.h"

#define EXPORT __attribute__((visibility("default")))
/* The flags are an int, their names unsigned. */
#define SILENT ((int)PAM_SILENT)
#define RENEW  ((int)(PAM_REINITIALIZE_CRED | PAM_REFRESH_CRED))

#define MODULE_SESSION "pam_parallel_session"

EXPORT int pam_sm_open_session(pam_handle_t *, int, int, const char **);
EXPORT int pam_sm_close_session(pam_handle_t *, int, int, const char **);
EXPORT int pam_sm_authenticate(pam_handle_t *, int, int, const char **);
EXPORT int pam_sm_setcred(pam_handle_t *, int, int, const char **);

/* The pipe of a session, remembered with its identity: a program that closes
 * all descriptors may have given the number to something else. */
struct module_session {
    int fd;
    dev_t device;
    ino_t inode;
};

static void
module_end_session(pam_handle_t *pamh, void *data, int status)
{
    struct module_session *session = data;
    struct stat st;

    (void)pamh;
    (void)status;
    if (!session)
        return;
    if (fstat(session->fd, &st) == 0 && st.st_dev == session->device &&
        st.st_ino == session->inode)
        close(session->fd);
    free(session);
}

static void
module_keep_session(pam_handle_t *pamh, struct child *child)
{
    cleanup_close int fd = child_keep_pipe(child);
    cleanup_free struct module_session *session = malloc(sizeof *session);
    struct stat st;

    if (fd < 0 || !session || fstat(fd, &st) < 0)
        return;
    *session = (struct module_session){fd, st.st_dev, st.st_ino};
    if (pam_set_data(pamh, MODULE_SESSION, session, module_end_session) !=
        PAM_SUCCESS)
        return;
    steal_fd(&fd);
    steal_pointer(&session);
}

static const char *
module_item(pam_handle_t *pamh, int number)
{
    const void *item = NULL;

    return pam_get_item(pamh, number, &item) == PAM_SUCCESS && item ? item
                                                                    : "";
}

/*
 * sshd shows what a session says only after it has been opened, so to wait
 * for an approval there would be to wait for nothing; and if it is a command
 * that runs, it shows nothing. Nor does su without a login shell, and where
 * there is no terminal there may be nobody.
 */
static struct child_manner
module_manner(pam_handle_t *pamh, const struct options *options, bool quiet)
{
    const char *tty = module_item(pamh, PAM_TTY);
    bool ssh = strcmp(tty, "ssh") == 0;
    struct child_manner manner = {
        .silent = quiet,
        .unseen =
            ssh || !*tty || strcmp(module_item(pamh, PAM_SERVICE), "su") == 0};

    if (!quiet && !ssh)
        manner.wait = options->wait;
    manner.qr = manner.wait > 0 && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return manner;
}

static void
module_report(pam_handle_t *pamh, const struct options *options,
              const struct user *user, const struct child *child,
              bool authorizing)
{
    char text[80], name[64];
    const char *complaint = child_complaint(child, text, sizeof text);

    text_show(name, sizeof name, user->name);
    if (complaint)
        pam_syslog(pamh, LOG_NOTICE, "user %s is not connected: the helper %s",
                   name, complaint);
    if (options->debug)
        pam_syslog(pamh, LOG_DEBUG, "session of %s: %zu events%s", name,
                   child->events,
                   authorizing ? ", waiting for an approval" : "");
}

/* Runs the front for the user; what it asks to be shown is shown. */
static void
module_run(pam_handle_t *pamh, const struct options *options,
           const struct user *user, bool quiet)
{
    const struct child_manner manner = module_manner(pamh, options, quiet);
    CLEANUP(child_release) struct child child = CHILD_INIT;
    const struct fields *event;
    bool authorizing = false;

    if (child_start(&child, pamh, options, user, &manner) < 0)
        return;
    while ((event = child_next(&child))) {
        enum dialog_result result =
            dialog_handle(pamh, event, quiet, manner.wait > 0);

        authorizing |= result != DIALOG_HANDLED;
        if (result == DIALOG_UNSEEN && manner.wait > 0) {
            child_cut_short(&child);
            break;
        }
    }
    child_finish(&child);
    module_report(pamh, options, user, &child, authorizing);
    if (authorizing && !quiet)
        module_keep_session(pamh, &child);
}

/* Whether this user is one of ours; root and system users are not. */
static bool
module_concerns(pam_handle_t *pamh, const struct options *options,
                struct user *user)
{
    return user_find(user, pamh) == 0 && user->uid != 0 &&
           user->uid >= options->min_uid;
}

EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct options options;
    struct user user;

    options_read(&options, pamh, argc, argv);
    if (!module_concerns(pamh, &options, &user))
        return PAM_IGNORE;
    pam_set_data(pamh, MODULE_SESSION, NULL, NULL);
    module_run(pamh, &options, &user, options.silent || flags & SILENT);
    return PAM_SUCCESS;
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
                     const char **argv)
{
    struct options options;
    struct user user;

    (void)flags;
    options_read(&options, pamh, argc, argv);
    pam_set_data(pamh, MODULE_SESSION, NULL, NULL);
    return module_concerns(pamh, &options, &user) ? PAM_SUCCESS : PAM_IGNORE;
}

/* This module vouches for nobody. */
EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}

/* A screen was unlocked: time to renew, in the background. */
EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct options options;
    struct user user;

    if (!(flags & RENEW))
        return PAM_SUCCESS;
    options_read(&options, pamh, argc, argv);
    if (module_concerns(pamh, &options, &user))
        module_run(pamh, &options, &user, true);
    return PAM_SUCCESS;
}
