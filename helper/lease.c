#include "helper/lease.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/lock.h"
#include "lib/base/spawn.h"
#include "lib/base/text.h"

/* How long somebody else's renewal may take before we look again: ms. */
#define LEASE_WAIT 30000

void
lease_release(struct lease *lease)
{
    fields_release(&lease->block);
    lease->folder[0] = '\0';
}

const char *
lease_token(const struct lease *lease)
{
    switch (cache_judge(&lease->block, clock_now(), 0)) {
    case CACHE_FRESH:
    case CACHE_DUE:
        return fields_text(&lease->block, "access_token");
    default:
        return NULL;
    }
}

int64_t
lease_left(const struct lease *lease)
{
    const struct fields *block = &lease->block;
    struct moment now = clock_now();
    int64_t real = fields_number(block, "renew_from") - now.real;
    int64_t boot = fields_number(block, "renew_from_boot");

    if (!fields_get(block, "renewable") || !fields_get(block, "renew_from"))
        return -1;
    if (boot > 0 && boot - now.boot < real)
        real = boot - now.boot;
    return real > 0 ? real : 0;
}

/* Take block over; it is empty then. */
static void
lease_adopt(struct lease *lease, struct fields *block, const char *folder)
{
    fields_release(&lease->block);
    lease->block = *block;
    *block = (struct fields)FIELDS_INIT;
    lease->folder[0] = '\0';
    if (strlen(folder) < sizeof lease->folder)
        text_put(lease->folder, sizeof lease->folder, 0, folder);
}

/* The blocks of the cache last until it is read again. */
static int
lease_copy(struct lease *lease, const struct front *front,
           const struct fields *credential)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    struct secret *text = &block.text;

    for (size_t i = 0; i < credential->count; i++)
        if (fields_put(text, credential->item[i].key,
                       credential->item[i].value) < 0)
            return -1;
    if (fields_parse(&block, text->data, text->len, false, NULL, NULL) < 0)
        return -1;
    lease_adopt(lease, &block, cache_folder(&front->place));
    return 0;
}

/* The broker's command line for this credential. */
struct lease_call {
    char lock[32], org[1024], provider[256], issuer[URL_TEXT_SIZE + 16];
    char *argv[9];
};

static void
lease_option(struct lease_call *call, char *out, size_t size, const char *name,
             const char *value)
{
    size_t used = 0;

    while (call->argv[used])
        used++;
    text_put(out, size, text_put(out, size, 0, name), value);
    call->argv[used] = out;
}

static void
lease_call(struct lease_call *call, const struct lease *lease,
           const struct front *front)
{
    const char *org = fields_get(&lease->block, "org_id");
    const char *provider = fields_get(&lease->block, "provider");
    const char *issuer = fields_get(&lease->block, "issuer");
    char number[TEXT_NUMBER_SIZE];
    int used = 0;

    *call = (struct lease_call){.argv = {(char *)"parallel-credential"}};
    if (front->lock >= 0)
        lease_option(call, call->lock, sizeof call->lock,
                     "--renewing=", text_from_number(number, front->lock));
    /* Whatever is selected meanwhile: a command keeps its credential. */
    if (org || front->org)
        lease_option(call, call->org, sizeof call->org,
                     "--org=", org ? org : front->org);
    if (provider || front->provider)
        lease_option(call, call->provider, sizeof call->provider,
                     "--provider=", provider ? provider : front->provider);
    if (issuer || front->issuer)
        lease_option(call, call->issuer, sizeof call->issuer,
                     "--issuer=", issuer ? issuer : front->issuer);
    while (call->argv[used])
        used++;
    call->argv[used++] = (char *)"lease";
    if (org)
        call->argv[used++] = (char *)"--if-due";
    if (front->quiet)
        call->argv[used++] = (char *)"--quiet";
}

/* Start the broker, which takes over the lock if we hold it. */
static pid_t
lease_start_broker(const struct lease *lease, struct front *front, bool aside,
                   int *answer)
{
    struct error err = ERROR_INIT;
    struct lease_call call;
    pid_t pid = -1;

    lease_call(&call, lease, front);
    /* A file takes an answer of any length, however late it is read. */
    *answer = (int)syscall(SYS_memfd_create, "lease", 1U /* close on exec */);
    if (*answer >= 0)
        pid = spawn_asked(BROKER_PATH, call.argv, *answer, front->lock, aside,
                          &err);
    if (pid < 0 && !aside)
        front_complain(err.text[0] ? err.text : "cannot ask the broker");
    if (pid < 0 && *answer >= 0)
        close(steal_fd(answer));
    if (front->lock >= 0)
        close(steal_fd(&front->lock));
    return pid;
}

/* Ask the broker and wait for it; its exit code. */
static int
lease_ask_now(struct lease *lease, struct front *front)
{
    int answer, status = 0;
    pid_t pid = lease_start_broker(lease, front, false, &answer);

    if (pid < 0)
        return FAIL_SERVICE;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            break;
    lease_read(lease, answer);
    return WIFEXITED(status) ? WEXITSTATUS(status) : FAIL_SERVICE;
}

static int
lease_try(struct lease *lease, struct front *front, struct moment started)
{
    bool good = front_open(front);
    const struct fields *credential = good ? front_chosen(front) : NULL;
    int result = FRONT_HANDOVER;

    /* A key that was pasted, and nothing else: nothing is to be renewed. */
    if (credential && !fields_get(credential, "access_token") &&
        !fields_get(credential, "renewable") &&
        !fields_get(credential, "refused") && *front_key(credential))
        return lease_copy(lease, front, credential) < 0 ? FAIL_SERVICE
                                                        : FAIL_NONE;
    if (!good || credential)
        result = front_settle(front, credential, started);
    if (result == FRONT_HANDOVER)
        return lease_ask_now(lease, front);
    if (result == FRONT_AGAIN)
        return result;
    /* Also after a failure: there may be a key in it. */
    if (credential && lease_copy(lease, front, credential) < 0)
        return FAIL_SERVICE;
    return result;
}

int
lease_take(struct lease *lease, struct front *front)
{
    struct moment started = clock_now();
    int result;

    do {
        result = lease_try(lease, front, started);
    } while (result == FRONT_AGAIN);
    if (front->lock >= 0)
        close(steal_fd(&front->lock));
    /* With a mistake in the configuration nobody knows what the policy says
     * about a key of the person's own. */
    if (result == FAIL_INPUT && lease->block.count == 0)
        return result;
    return lease_token(lease) || *front_key(&lease->block) ? FAIL_NONE
                                                           : result;
}

/* A folder that was removed is looked for anew. */
static void
lease_check_folder(struct front *front)
{
    struct stat st;

    if (front->folder >= 0 &&
        (fstat(front->folder, &st) < 0 || st.st_nlink == 0))
        close(steal_fd(&front->folder));
}

bool
lease_look(struct lease *lease, struct front *front)
{
    const struct fields *block = &lease->block, *credential;

    lease_check_folder(front);
    if (!front_open(front))
        return false;
    credential =
        cache_find(&front->cache, fields_get(block, "provider"),
                   fields_get(block, "issuer"), fields_get(block, "org_id"));
    return credential &&
           cache_judge(credential, clock_now(), 0) == CACHE_FRESH &&
           lease_copy(lease, front, credential) == 0;
}

/* A process that ends when nobody renews any more. */
static pid_t
lease_start_waiter(const struct front *front)
{
    pid_t pid = fork();
    int lock;

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (int fd = 0; fd < 3; fd++) /* nobody shall wait for us */
            close(fd);
        lock_take(front->folder, "", CACHE_LOCK_NAME, LOCK_SHARED, LEASE_WAIT,
                  &lock, NULL);
        _exit(0);
    }
    return pid;
}

pid_t
lease_ask(const struct lease *lease, struct front *front, int *answer)
{
    *answer = -1;
    if (front->folder >= 0 &&
        lock_take(front->folder, "", CACHE_LOCK_NAME, LOCK_EXCLUSIVE, 0,
                  &front->lock, NULL) == LOCK_BUSY)
        return lease_start_waiter(front);
    return lease_start_broker(lease, front, true, answer);
}

bool
lease_read(struct lease *lease, int answer)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    bool good = lseek(answer, 0, SEEK_SET) == 0 &&
                fields_read(&block, answer, NULL) == 0 && block.count > 0;

    close(answer);
    if (!good)
        return false;
    lease_adopt(lease, &block, fields_text(&block, "folder"));
    return lease_left(lease) != 0;
}
