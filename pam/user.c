#include "pam/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define USER_ENTRY_MAX (1024 * 1024)

static int
user_copy(char *out, size_t size, const char *text)
{
    int len = snprintf(out, size, "%s", text ? text : "");

    return len > 0 && (size_t)len < size && !strchr(out, '\n') ? 0 : -1;
}

int
user_find(struct user *user, pam_handle_t *pamh)
{
    const void *name = NULL;
    struct passwd entry, *found = NULL;
    size_t size = 1024;

    if (pam_get_item(pamh, PAM_USER, &name) != PAM_SUCCESS || !name)
        return -1;
    for (; size <= USER_ENTRY_MAX; size *= 4) {
        cleanup_free char *buffer = malloc(size);
        int failed =
            buffer ? getpwnam_r(name, &entry, buffer, size, &found) : ENOMEM;

        if (failed == ERANGE)
            continue;
        if (failed || !found)
            return -1;
        user->uid = found->pw_uid;
        user->gid = found->pw_gid;
        return user_copy(user->name, sizeof user->name, found->pw_name) |
               user_copy(user->home, sizeof user->home, found->pw_dir);
    }
    return -1;
}
