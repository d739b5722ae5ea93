#include "broker/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/spawn.h"
#include "lib/base/text.h"
#include "lib/permit.h"

#define MANAGER_LIMIT      2000          /* ms for all that is asked */
#define MANAGER_OUTPUT_MAX (1024 * 1024) /* bytes of its environment */

extern char **environ;

struct manager {
    char runtime[PATH_MAX + 16]; /* XDG_RUNTIME_DIR=... */
    struct moment end;
};

/* false: there is none. */
static bool
manager_find(struct manager *m, const struct broker *b)
{
    static const char name[] = "XDG_RUNTIME_DIR=";
    char path[PATH_MAX + 32];
    struct stat st;
    char *slash;

    if (!b->place.runtime[0])
        return false;
    text_put(m->runtime, sizeof m->runtime,
             text_put(m->runtime, sizeof m->runtime, 0, name),
             b->place.runtime);
    slash = strrchr(m->runtime, '/');
    *slash = '\0';
    text_put(path, sizeof path,
             text_put(path, sizeof path, 0, m->runtime + strlen(name)),
             "/systemd/private");
    m->end = clock_after(clock_now(), MANAGER_LIMIT);
    return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
           st.st_uid == geteuid();
}

/* Read all that comes until the other end is closed, in time. */
static int
manager_read(const struct manager *m, int fd, struct secret *out)
{
    for (;;) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        int64_t left = m->end.boot - clock_now().boot;
        ssize_t n;

        if (left <= 0 || out->len > MANAGER_OUTPUT_MAX ||
            secret_reserve(out, 4096) < 0)
            return -1;
        if (poll(&input, 1, (int)left) <= 0)
            continue;
        n = read(fd, out->data + out->len, out->room - out->len - 1);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0)
            out->len += (size_t)n;
        out->data[out->len] = '\0';
    }
}

/* The key as it stands in an environment, and nowhere else. */
struct manager_key_lines {
    struct secret value, id;
};

static void
manager_key_lines_release(struct manager_key_lines *lines)
{
    secret_release(&lines->value);
    secret_release(&lines->id);
}

static int
manager_put_key(struct manager_key_lines *lines, const struct record *key)
{
    return secret_append_text(&lines->value, "PARALLEL_API_KEY=") |
           secret_append_text(&lines->value, key->api_key.data) |
           secret_append_text(&lines->id, "PARALLEL_CREDENTIAL_KEY_ID=") |
           secret_append_text(&lines->id, record_key_id(key));
}

static pid_t
manager_start(struct manager *m, const struct manager_key_lines *key,
              char *const *words, int out)
{
    char *argv[8] = {(char *)"systemctl", (char *)"--user"};
    char *environment[] = {(char *)"LC_ALL=C", m->runtime, key->value.data,
                           key->id.data, NULL};
    char **ours = environ;
    pid_t pid;

    for (int i = 0; words[i]; i++)
        argv[2 + i] = words[i];
    environ = environment;
    pid = spawn_asked(SYSTEMCTL_PATH, argv, out, -1, true, NULL);
    environ = ours;
    return pid;
}

/* The status of a child that has said all; one that goes on after its time is
 * ended. */
static int
manager_reap(const struct manager *m, pid_t pid)
{
    struct pollfd child = {.fd = (int)syscall(SYS_pidfd_open, pid, 0),
                           .events = POLLIN};
    int status = -1, ready = child.fd < 0 ? 0 : -1;

    while (ready < 0) {
        int64_t left = m->end.boot - clock_now().boot;

        ready = poll(&child, 1, left > 0 ? (int)left : 0);
        if (ready < 0 && errno != EINTR)
            ready = 0;
    }
    if (ready == 0)
        kill(pid, SIGKILL);
    if (child.fd >= 0)
        close(child.fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* systemctl --user with these words; what it says goes to out. key may be
 * NULL. */
static int
manager_call(struct manager *m, const struct record *key, char *const *words,
             struct secret *out)
{
    CLEANUP(manager_key_lines_release)
    struct manager_key_lines lines = {SECRET_INIT, SECRET_INIT};
    int ends[2], status = -1;
    pid_t pid;

    if ((key && manager_put_key(&lines, key) != 0) ||
        pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid = manager_start(m, &lines, words, ends[1]);
    close(ends[1]);
    if (pid > 0 && manager_read(m, ends[0], out) < 0)
        kill(pid, SIGKILL);
    close(ends[0]);
    if (pid > 0)
        status = manager_reap(m, pid);
    return pid > 0 && status == 0 ? 0 : -1;
}

/* What the manager has: of the person, of ours, or nothing (an empty one). */
enum manager_key {
    MANAGER_UNKNOWN,
    MANAGER_NOTHING,
    MANAGER_OURS,
    MANAGER_OWN
};

/* Whether the text has a line that starts with this, and more behind it. */
static bool
manager_has(const struct secret *text, const char *start)
{
    const char *line = secret_text(text);

    while (*line) {
        const char *end = line + strcspn(line, "\n");

        if (text_starts_with(line, start) && line + strlen(start) < end)
            return true;
        line = *end ? end + 1 : end;
    }
    return false;
}

/* Whether it is this key already. */
static bool
manager_has_key(const struct secret *text, const struct record *key)
{
    CLEANUP(manager_key_lines_release)
    struct manager_key_lines lines = {SECRET_INIT, SECRET_INIT};

    return manager_put_key(&lines, key) == 0 &&
           secret_append_text(&lines.value, "\n") == 0 &&
           secret_append_text(&lines.id, "\n") == 0 &&
           strstr(secret_text(text), lines.value.data) &&
           strstr(secret_text(text), lines.id.data);
}

/* text: the manager's environment, a line each. */
static enum manager_key
manager_look(struct manager *m, struct secret *text)
{
    static char *const show[] = {(char *)"show-environment", NULL};

    if (manager_call(m, NULL, show, text) < 0)
        return MANAGER_UNKNOWN;
    if (manager_has(text, "PARALLEL_CREDENTIAL_KEY_ID="))
        return MANAGER_OURS;
    return manager_has(text, "PARALLEL_API_KEY=") ? MANAGER_OWN
                                                  : MANAGER_NOTHING;
}

static void
manager_set(struct manager *m, const struct record *key)
{
    static char *const import[] = {(char *)"import-environment",
                                   (char *)"PARALLEL_API_KEY",
                                   (char *)"PARALLEL_CREDENTIAL_KEY_ID", NULL};
    CLEANUP(secret_release) struct secret ignored = SECRET_INIT;

    manager_call(m, key, import, &ignored);
}

static void
manager_unset(struct manager *m)
{
    static char *const unset[] = {(char *)"unset-environment",
                                  (char *)"PARALLEL_API_KEY",
                                  (char *)"PARALLEL_CREDENTIAL_KEY_ID", NULL};
    static char *const empty[] = {(char *)"set-environment",
                                  (char *)"PARALLEL_API_KEY=",
                                  (char *)"PARALLEL_CREDENTIAL_KEY_ID=", NULL};
    CLEANUP(secret_release) struct secret ignored = SECRET_INIT;

    manager_call(m, NULL, unset, &ignored);
    secret_release(&ignored);
    /* What a generator has brought cannot be unset, but be covered. */
    if (manager_look(m, &ignored) == MANAGER_OURS)
        manager_call(m, NULL, empty, &ignored);
}

void
manager_settle(const struct broker *b)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    const struct store *store = &b->credential.store;
    const struct record *r = store_find(store, provider_parallel_name,
                                        config_issuer(&b->config), NULL);
    bool may =
        b->config.export_environment && permit_person(&b->config, NULL) == 0;
    enum manager_key there;
    struct manager m;

    if (!may || (r && permit_record(&b->config, r, NULL) < 0))
        r = NULL;
    /* What a keyring does not show now is no reason to take it away. */
    if ((may && !r && store->unread) || !manager_find(&m, b))
        return;
    there = manager_look(&m, &text);
    if (there == MANAGER_UNKNOWN || there == MANAGER_OWN)
        return;
    if (r && !secret_is_empty(&r->api_key)) {
        if (!manager_has_key(&text, r))
            manager_set(&m, r);
    } else if (there == MANAGER_OURS)
        manager_unset(&m);
}
