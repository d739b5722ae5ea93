#include "lib/store/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/keyring.h"
#include "lib/base/spawn.h"
#include "lib/base/text.h"

static const struct {
    enum keyring_state state;
    const char *word;
    const char *sentence;
} keyring_states[] = {
    {KEYRING_OK, KEYRING_SAYS_OK, "the keyring is open"},
    {KEYRING_LOCKED, KEYRING_SAYS_LOCKED,
     "the keyring is locked; open it in your desktop's password manager"},
    {KEYRING_ABSENT, KEYRING_SAYS_ABSENT,
     "no Secret Service is running on the session bus"},
    {KEYRING_NO_BUS, KEYRING_SAYS_NO_BUS,
     "there is no session bus to reach the keyring (Secret Service) on"},
    {KEYRING_HUNG, KEYRING_SAYS_HUNG, "the Secret Service did not answer"},
    {KEYRING_REFUSED, KEYRING_SAYS_REFUSED, "the Secret Service refused"},
    {KEYRING_NO_KEYRING, KEYRING_SAYS_NO_KEYRING,
     "the Secret Service has no default keyring; make one in your desktop's "
     "password manager"},
    {KEYRING_NO_PROGRAM, "no-program", "cannot run " KEYRING_PATH},
    {KEYRING_UNASKED, "unasked", "the Secret Service was not asked"},
};

#define COUNT(table) (sizeof table / sizeof *table)

const char *
keyring_word(enum keyring_state state)
{
    size_t i = 0;

    while (i < COUNT(keyring_states) - 1 && keyring_states[i].state != state)
        i++;
    return keyring_states[i].word;
}

static enum keyring_state
keyring_state_of(const char *word)
{
    for (size_t i = 0; i < COUNT(keyring_states); i++)
        if (strcmp(keyring_states[i].word, word) == 0)
            return keyring_states[i].state;
    return KEYRING_REFUSED;
}

const char *
keyring_sentence(const struct keyring *k, char *out, size_t size)
{
    size_t i = 0;

    while (i < COUNT(keyring_states) - 1 &&
           keyring_states[i].state != k->state)
        i++;
    if (k->state == KEYRING_HUNG)
        snprintf(out, size, "%s within %.4g s", keyring_states[i].sentence,
                 (double)k->limit_ms / 1000);
    else if (k->state == KEYRING_REFUSED && *k->said)
        snprintf(out, size, "%s (%s)", keyring_states[i].sentence, k->said);
    else if (k->state == KEYRING_NO_PROGRAM && k->unlinked)
        snprintf(out, size, "%s; are its libraries (%s) installed?",
                 keyring_states[i].sentence, KEYRING_LIBRARIES);
    else
        snprintf(out, size, "%s", keyring_states[i].sentence);
    return out;
}

int
keyring_explain(const struct keyring *k, struct error *err)
{
    char id[32], sentence[256];

    snprintf(id, sizeof id, "keyring_%s", keyring_word(k->state));
    return error_set(err, FAIL_SERVICE, id, "%s",
                     keyring_sentence(k, sentence, sizeof sentence));
}

static bool
keyring_is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
           st.st_uid == geteuid();
}

/* Where the environment names no bus, it is the one of the runtime folder. */
static void
keyring_find_bus(struct keyring *k, const struct place *place)
{
    const char *given = getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *end = strrchr(place->runtime, '/');
    int len = end ? (int)(end - place->runtime) : 0;
    char control[PATH_MAX];

    snprintf(control, sizeof control, "%.*s/keyring/control", len,
             place->runtime);
    k->waiting = end && keyring_is_socket(control);
    if (given && *given) {
        /* A bus is there, or it is not: none is started. */
        k->no_bus = strstr(given, "autolaunch:") != NULL;
        return;
    }
    if (end)
        snprintf(k->bus, sizeof k->bus, "%.*s/bus", len, place->runtime);
    k->no_bus = !end || !keyring_is_socket(k->bus);
}

void
keyring_init(struct keyring *k, const struct place *place, int64_t limit_ms,
             bool start)
{
    *k = (struct keyring){.limit_ms = limit_ms,
                          .start = start,
                          .lock = {-1, -1},
                          .pid = -1,
                          .socket = -1};
    keyring_find_bus(k, place);
}

/* kill: it only reads; else it is on its own from here on. Returns how it has
 * ended, or -1 when that is not known. */
static int
keyring_part(struct keyring *k, bool kill_it)
{
    int status = -1;

    if (k->socket >= 0)
        close(k->socket);
    if (k->pid > 0 && kill_it) {
        kill(k->pid, SIGKILL);
        while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    k->socket = -1;
    k->pid = -1;
    return status;
}

/* It has ended without an answer: its own doing, or the dynamic loader's,
 * before it began? */
static enum keyring_state
keyring_note_end(struct keyring *k, int status)
{
    k->unlinked = status != -1 && WIFEXITED(status) &&
                  WEXITSTATUS(status) == SPAWN_NOT_LINKED;
    if (k->unlinked)
        return k->state = KEYRING_NO_PROGRAM;
    text_show(k->said, sizeof k->said, "the keyring program ended");
    return k->state = KEYRING_REFUSED;
}

static int
keyring_start(struct keyring *k)
{
    static char *const argv[] = {(char *)"keyring", NULL};
    int pair[2];

    if (k->socket >= 0)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    k->pid = spawn_served(KEYRING_PATH, argv, pair[1], NULL);
    close(pair[1]);
    k->socket = pair[0];
    if (k->pid > 0 && fcntl(k->socket, F_SETFL, O_NONBLOCK) == 0)
        return 0;
    keyring_part(k, true);
    return -1;
}

/* 0 when the socket is ready, -1 when the time is over. */
static int
keyring_await(const struct keyring *k, short events, int64_t end)
{
    struct pollfd watch = {.fd = k->socket, .events = events};

    for (;;) {
        int64_t left = end - clock_now().boot;
        int ready = poll(&watch, 1, left > 0 ? (int)left : 0);

        if (ready > 0)
            return 0;
        if (ready == 0 && left <= 0)
            return -1;
        if (ready < 0 && errno != EINTR)
            return -1;
    }
}

/* One piece of a request; the locks go with it. */
static ssize_t
keyring_send_piece(const struct keyring *k, const char *data, size_t len,
                   bool locks)
{
    union {
        char bytes[CMSG_SPACE(sizeof k->lock)];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec part = {(char *)(uintptr_t)data, len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    size_t size = 0;
    int fd[KEYRING_LOCKS];

    for (int i = 0; locks && i < KEYRING_LOCKS; i++)
        if (k->lock[i] >= 0)
            fd[size++] = k->lock[i];
    size *= sizeof(int);
    if (size > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&control.align), fd, size);
    }
    return sendmsg(k->socket, &message, MSG_NOSIGNAL);
}

enum exchange { EXCHANGE_DONE, EXCHANGE_LATE, EXCHANGE_BROKEN };

static enum exchange
keyring_send(const struct keyring *k, const struct secret *request, bool locks,
             int64_t end)
{
    size_t sent = 0;

    while (sent < request->len) {
        ssize_t n;

        if (keyring_await(k, POLLOUT, end) < 0)
            return EXCHANGE_LATE;
        n = keyring_send_piece(k, request->data + sent, request->len - sent,
                               locks && sent == 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return EXCHANGE_BROKEN;
        if (n > 0)
            sent += (size_t)n;
    }
    return EXCHANGE_DONE;
}

static enum exchange
keyring_receive(struct keyring *k, int64_t end)
{
    secret_release(&k->text);
    while (k->text.len < 2 ||
           memcmp(k->text.data + k->text.len - 2, "\n\n", 2) != 0) {
        ssize_t n;

        if (k->text.len > FIELDS_BLOCK_MAX ||
            secret_reserve(&k->text, 16384) < 0)
            return EXCHANGE_BROKEN;
        if (keyring_await(k, POLLIN, end) < 0)
            return EXCHANGE_LATE;
        n = read(k->socket, k->text.data + k->text.len, 16384);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return EXCHANGE_BROKEN;
        if (n > 0)
            k->text.len += (size_t)n;
    }
    k->text.data[k->text.len] = '\0';
    return fields_parse(&k->answer, k->text.data, k->text.len, false, NULL,
                        NULL) < 0
               ? EXCHANGE_BROKEN
               : EXCHANGE_DONE;
}

static enum exchange
keyring_exchange(struct keyring *k, const struct secret *request, bool writes)
{
    int64_t end = clock_now().boot + k->limit_ms;
    enum exchange result = keyring_send(k, request, writes, end);

    fields_release(&k->answer);
    if (result != EXCHANGE_DONE)
        return result;
    if (k->meanwhile)
        k->meanwhile();
    k->meanwhile = NULL;
    return keyring_receive(k, end);
}

static bool
keyring_is_pointless(const struct keyring *k)
{
    return k->state == KEYRING_HUNG || k->state == KEYRING_NO_BUS ||
           k->state == KEYRING_NO_PROGRAM;
}

static enum keyring_state
keyring_ask(struct keyring *k, const struct secret *request, bool writes)
{
    if (k->no_bus)
        k->state = KEYRING_NO_BUS;
    if (keyring_is_pointless(k))
        return k->state;
    *k->said = '\0';
    if (keyring_start(k) < 0)
        return k->state = KEYRING_NO_PROGRAM;
    switch (keyring_exchange(k, request, writes)) {
    case EXCHANGE_LATE:
        keyring_part(k, !writes);
        return k->state = KEYRING_HUNG;
    case EXCHANGE_BROKEN:
        return keyring_note_end(k, keyring_part(k, !writes));
    case EXCHANGE_DONE:
        break;
    }
    text_show(k->said, sizeof k->said, fields_text(&k->answer, "said"));
    return k->state = keyring_state_of(fields_text(&k->answer, "state"));
}

static int
keyring_put_head(const struct keyring *k, struct secret *request,
                 const char *verb)
{
    return fields_put(request, "verb", verb) |
           (k->start ? fields_put(request, "start", "1") : 0) |
           (*k->bus ? fields_put(request, "bus", k->bus) : 0);
}

/* What cannot be said to the keyring program, it cannot keep. */
static enum keyring_state
keyring_refuse(struct keyring *k)
{
    text_show(k->said, sizeof k->said, "it cannot be written as an item");
    return k->state = KEYRING_REFUSED;
}

enum keyring_state
keyring_load(struct keyring *k)
{
    CLEANUP(secret_release) struct secret request = SECRET_INIT;

    if (keyring_put_head(k, &request, "load") != 0 || fields_end(&request) < 0)
        return keyring_refuse(k);
    return keyring_ask(k, &request, false);
}

const char *
keyring_next(const struct keyring *k, size_t *at)
{
    return fields_next(&k->answer, "secret[]", at);
}

enum keyring_state
keyring_save(struct keyring *k, const char *issuer, const char *organization,
             const char *label, const char *secret)
{
    CLEANUP(secret_release) struct secret request = SECRET_INIT;

    if (strlen(secret) > KEYRING_SECRET_MAX ||
        (keyring_put_head(k, &request, "save") |
         fields_put(&request, "issuer", issuer) |
         fields_put(&request, "organization", organization) |
         fields_put(&request, "label", label) |
         fields_put(&request, "secret", secret) | fields_end(&request)) != 0)
        return keyring_refuse(k);
    return keyring_ask(k, &request, true);
}

enum keyring_state
keyring_erase(struct keyring *k, const char *issuer, const char *organization)
{
    CLEANUP(secret_release) struct secret request = SECRET_INIT;

    if ((keyring_put_head(k, &request, "erase") |
         fields_put(&request, "issuer", issuer) |
         fields_put(&request, "organization", organization) |
         fields_end(&request)) != 0)
        return keyring_refuse(k);
    return keyring_ask(k, &request, true);
}

void
keyring_release(struct keyring *k)
{
    keyring_part(k, false);
    fields_release(&k->answer);
    secret_release(&k->text);
}
