/*
 * session.c - session-open UID GID: a login has reached its session.
 *
 * The PAM module starts us as root, with a pipe as standard output. The first
 * act is to become the person, with no way back; only then is anything read.
 */
#include "helper/front.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/secret.h"
#include "lib/base/spawn.h"
#include "lib/base/text.h"

/* The system calls themselves: the libraries' functions also see to other
 * threads, of which there are none. */
static int
session_become(uid_t uid, gid_t gid)
{
    if (syscall(SYS_setgroups, 0, NULL) < 0 ||
        syscall(SYS_setresgid, gid, gid, gid) < 0 ||
        syscall(SYS_setresuid, uid, uid, uid) < 0)
        return -1;
    /* It must be for good. */
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 ||
        setegid(0) == 0 || getuid() != uid || geteuid() != uid ||
        getgid() != gid || getegid() != gid)
        return -1;
    return 0;
}

static int
session_parse_id(const char *text, int64_t *id)
{
    return text && text_to_number(text, UINT_MAX - 1, id) == 0 && *id > 0 ? 0
                                                                          : -1;
}

int
front_drop_privileges(const char *uid_text, const char *gid_text)
{
    int64_t uid, gid;

    if (session_parse_id(uid_text, &uid) < 0 ||
        session_parse_id(gid_text, &gid) < 0) {
        front_complain("session-open: a user and a group, neither of them "
                       "root's, are needed");
        return -1;
    }
    if (geteuid() == 0 && session_become((uid_t)uid, (gid_t)gid) == 0) {
        secret_harden_process();
        return 0;
    }
    if (geteuid() != 0 && geteuid() == uid && getuid() == uid)
        return 0;
    front_complain("session-open: cannot become that user");
    return -1;
}

/* None of those from here on means anything to us, whatever the caller does
 * with it; all of them would be a fiftieth of the time that a session takes.
 */
#define SIGNALS_REAL_TIME 32

void
front_reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < SIGNALS_REAL_TIME; number++)
        sigaction(number, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
session_put_environment(const struct front *front,
                        const struct fields *credential, struct secret *events)
{
    const char *key = fields_text(credential, "api_key");
    int result = 0;

    if (*key && fields_get(&front->cache.header, "export"))
        result = fields_put(events, "event", EVENT_ENVIRONMENT) |
                 fields_put(events, "PARALLEL_API_KEY", key) |
                 fields_put(events, "PARALLEL_CREDENTIAL_KEY_ID",
                            fields_text(credential, "api_key_id")) |
                 fields_end(events);
    return result | fields_put(events, "event", EVENT_DONE) |
           fields_end(events);
}

/* Whether the broker has something to tell this session. */
static bool
session_has_news(const struct front *front)
{
    char path[PATH_MAX + 16];
    size_t used = text_put(path, sizeof path, 0, front->place.state);
    struct stat st;

    text_put(path, sizeof path, used, "/prompt");
    return stat(path, &st) == 0;
}

int
front_session_open(struct front *front)
{
    CLEANUP(secret_release) struct secret events = SECRET_INIT;
    const struct fields *credential;
    enum cache_verdict verdict;

    if (!front_open(front) || session_has_news(front) ||
        !(credential = front_chosen(front)))
        return FRONT_HANDOVER;
    verdict = cache_judge(credential, clock_now(), 0);
    if (verdict == CACHE_REFUSED ||
        (verdict == CACHE_NONE && !fields_get(credential, "api_key")))
        return FRONT_HANDOVER;
    if (session_put_environment(front, credential, &events) < 0)
        return FAIL_SERVICE;
    if (front_answer(&events) != FAIL_NONE)
        return FAIL_SERVICE;
    front_renew_behind(front, credential);
    return FAIL_NONE;
}
