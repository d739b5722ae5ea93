/*
 * child.h - the helper program that does the work, as the user.
 *
 * The module never talks to the network, the store or the user's files. It
 * starts the front, root-owned and checked, still as root; the front's first
 * act is to become the user. What comes back on a pipe is the user's word.
 *
 * The module's end of the pipe stays open while the session lives: a broker
 * that polls in the background ends when it is closed, be it by
 * close_session or by the death of the login program.
 */
#ifndef PARALLEL_PAM_CHILD_H
#define PARALLEL_PAM_CHILD_H

#include <security/pam_modules.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/fields.h"
#include "lib/base/secret.h"
#include "pam/options.h"
#include "pam/user.h"

enum child_end {
    CHILD_EARLY,  /* it has not said that it is done (yet) */
    CHILD_DONE,   /* it has, or we are done with it */
    CHILD_LATE,   /* it was killed at the deadline */
    CHILD_ASTRAY, /* it said too much, or what is no event: killed at once */
};

struct child {
    pid_t pid;        /* -1: reaped, or never started */
    int fd;           /* our end of the pipe, or -1 */
    int64_t deadline; /* on the boot clock, ms */
    struct secret text;
    size_t used;   /* of text: blocks already handed out */
    size_t seen;   /* of text: no block ends before it */
    size_t events; /* how many */
    struct fields event;
    struct sigaction sigchld; /* the caller's */
    enum child_end end;
    int status; /* of waitpid(), once it is reaped */
};

#define CHILD_INIT                                                            \
    {                                                                         \
        .pid = -1, .fd = -1                                                   \
    }

/* How the child shall behave. */
struct child_manner {
    bool silent;
    bool unseen; /* nobody may see what is shown */
    bool qr;
    int64_t wait; /* s */
};

/*
 * Start it. 0, or -1 with the reason in the log. The caller's SIGCHLD is set
 * aside until child_finish().
 */
int child_start(struct child *child, pam_handle_t *pamh,
                const struct options *options, const struct user *user,
                const struct child_manner *manner);

/*
 * The next event, which stays valid until the next call; NULL when there is
 * none any more: after "done", at the end of the pipe, at the deadline, or
 * when the child has said too much.
 */
const struct fields *child_next(struct child *child);

/* There is nothing left to wait for: its time is over. */
void child_cut_short(struct child *child);

/* Reap the child, killing it if it is not gone by the deadline. The pipe
 * stays open. */
void child_finish(struct child *child);

/* What was wrong with a child that is reaped, for the log; NULL: nothing.
 * The text may lie in out. */
const char *child_complaint(const struct child *child, char *out, size_t size);

/* Take the pipe over, to keep it open: its descriptor, or -1. */
int child_keep_pipe(struct child *child);

void child_release(struct child *child);

#endif
