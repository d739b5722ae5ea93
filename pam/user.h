/*
 * user.h - whose session it is.
 */
#ifndef PARALLEL_PAM_USER_H
#define PARALLEL_PAM_USER_H

#include <limits.h>
#include <security/pam_modules.h>
#include <sys/types.h>

struct user {
    uid_t uid;
    gid_t gid;
    char name[256];
    char home[PATH_MAX];
};

/*
 * The user of the handle, as the password database has it now: PAM_USER may
 * change between calls (sudo), so nothing is remembered. 0; or -1 when there
 * is none, or its entry cannot be used.
 */
int user_find(struct user *user, pam_handle_t *pamh);

#endif
