/*
 * main.c - the keyring program: the Secret Service, asked by the broker.
 *
 * A program of its own, because no thread and no GCancellable can end a call
 * that hangs: whoever waits for us kills us. Only while we write are we left
 * alone, with the locks that came with the request, until the outcome is
 * known; lib/base/keyring.h has the words.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keyring/service.h"
#include "lib/base/cleanup.h"
#include "lib/base/fields.h"
#include "lib/base/file.h"
#include "lib/base/keyring.h"

/* No request lasts longer: s. */
#define KEYRING_END 90
#define LOCKS_MAX   4

/* The locks that came with a request, until it has been dealt with. */
struct locks {
    int fd[LOCKS_MAX];
    int count;
};

static void
locks_take(struct locks *locks, struct msghdr *message)
{
    for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each;
         each = CMSG_NXTHDR(message, each)) {
        size_t size = each->cmsg_len - CMSG_LEN(0);

        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
            int fd;

            memcpy(&fd, CMSG_DATA(each) + at, sizeof fd);
            if (locks->count < LOCKS_MAX)
                locks->fd[locks->count++] = fd;
            else
                close(fd);
        }
    }
}

static void
locks_release(struct locks *locks)
{
    while (locks->count > 0)
        close(locks->fd[--locks->count]);
}

static ssize_t
request_receive(struct secret *text, struct locks *locks)
{
    union {
        char bytes[CMSG_SPACE(LOCKS_MAX * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {text->data + text->len, 65536};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);

    if (n >= 0)
        locks_take(locks, &message);
    return n;
}

static bool
request_is_whole(const struct secret *text)
{
    return text->len >= 2 &&
           memcmp(text->data + text->len - 2, "\n\n", 2) == 0;
}

/* 0, or -1 when there is no further request. */
static int
request_read(struct secret *text, struct fields *request, struct locks *locks)
{
    while (!request_is_whole(text)) {
        ssize_t n;

        if (text->len > FIELDS_BLOCK_MAX || secret_reserve(text, 65536) < 0)
            return -1;
        n = request_receive(text, locks);
        if (n == 0 || (n < 0 && errno != EINTR))
            return -1;
        if (n > 0)
            text->len += (size_t)n;
    }
    text->data[text->len] = '\0';
    return fields_parse(request, text->data, text->len, false, NULL, NULL);
}

struct taking {
    struct secret *answer;
};

/* An item that is no line of text is none that we have written. */
static void
answer_take(void *context, const char *secret, size_t len)
{
    struct taking *taking = context;
    CLEANUP(secret_release) struct secret line = SECRET_INIT;

    if (len == 0 || len > KEYRING_SECRET_MAX || memchr(secret, '\0', len) ||
        secret_set(&line, secret, len) < 0)
        return;
    fields_put(taking->answer, "secret[]", secret_text(&line));
}

static void
answer_request(const struct fields *request, struct secret *text,
               struct service_answer *answer)
{
    const char *verb = fields_text(request, "verb");
    const struct service_item item = {fields_text(request, "issuer"),
                                      fields_text(request, "organization")};
    struct taking taking = {text};

    if (service_open(fields_get(request, "bus"),
                     fields_get(request, "start") != NULL, answer) < 0)
        return;
    if (strcmp(verb, "save") == 0)
        service_save(&item, fields_text(request, "label"),
                     fields_text(request, "secret"), answer);
    else if (strcmp(verb, "erase") == 0)
        service_erase(&item, answer);
    else if (strcmp(verb, "load") == 0)
        service_load(answer_take, &taking, answer);
}

/* Who only reads ends with the one who asked; who writes does not. */
static void
bind_to_caller(const struct fields *request)
{
    bool reads = strcmp(fields_text(request, "verb"), "load") == 0;

    prctl(PR_SET_PDEATHSIG, reads ? SIGKILL : 0);
    alarm(KEYRING_END);
}

static int
serve(void)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(secret_release) struct secret reply = SECRET_INIT;
    CLEANUP(fields_release) struct fields request = FIELDS_INIT;
    struct service_answer answer = {KEYRING_SAYS_REFUSED, ""};
    struct locks locks = {.count = 0};

    if (request_read(&text, &request, &locks) < 0) {
        locks_release(&locks);
        return -1;
    }
    bind_to_caller(&request);
    answer_request(&request, &reply, &answer);
    alarm(0);
    prctl(PR_SET_PDEATHSIG, 0);
    locks_release(&locks);
    if (fields_put(&reply, "state", answer.state) < 0 ||
        fields_put(&reply, "said", answer.said) < 0 || fields_end(&reply) < 0)
        return -1;
    return file_write_all(STDIN_FILENO, reply.data, reply.len);
}

/* What is set for us shall not hold for GLib: no other backend, and no
 * messages, whose contents are secret. */
static void
clean_environment(void)
{
    static const char *const names[] = {
        "G_DBUS_DEBUG",      "G_MESSAGES_DEBUG", "G_DEBUG",
        "GIO_EXTRA_MODULES", "SECRET_BACKEND",   "SECRET_FILE_TEST_PATH"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

int
main(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t none;

    secret_harden_process();
    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    clean_environment();
    while (serve() == 0)
        ;
    return 0;
}
