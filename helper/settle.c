/*
 * settle.c - one renewer: who acts, who waits, who answers.
 */
#include "helper/front.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"
#include "lib/base/spawn.h"
#include "lib/base/text.h"

/* How long to wait for a renewer when the cache does not say: ms. */
#define FRONT_WAIT_DEFAULT 30000

bool
front_open(struct front *front)
{
    const struct place *place = &front->place;

    /* In the runtime folder the place for the lock is made at once, so that
     * the first hundred callers already start one broker. */
    if (front->folder < 0 && cache_folder(place)[0] &&
        file_open_folder(cache_folder(place), place->runtime[0] != '\0',
                         &front->folder, NULL) != FILE_OK)
        return false;
    return front->folder >= 0 &&
           cache_load(&front->cache, place, front->folder);
}

const struct fields *
front_chosen(const struct front *front)
{
    const char *issuer = getenv("PARALLEL_PLATFORM_URL");
    const char *usual = fields_get(&front->cache.header, "provider");
    char bare[URL_TEXT_SIZE];
    size_t len;

    if (front->issuer)
        return NULL;
    if (front->provider && usual && strcmp(front->provider, usual) != 0)
        return cache_find(&front->cache, front->provider, NULL, front->org);
    if (!issuer || !*issuer ||
        fields_get(&front->cache.header, "issuer_locked"))
        issuer = fields_text(&front->cache.header, "issuer");
    len = strlen(issuer);
    while (len > 0 && issuer[len - 1] == '/')
        len--;
    if (len >= sizeof bare)
        return NULL;
    memcpy(bare, issuer, len);
    bare[len] = '\0';
    return cache_find(&front->cache, usual, len ? bare : NULL, front->org);
}

/* The renewer that we waited for has failed: its reason is ours. */
static int
front_report_failure(const struct fields *credential, struct moment started)
{
    int64_t failed = fields_number(credential, "failed_at");

    /* One from the future was noted before the clock was set back. */
    if (failed < started.real || failed > clock_now().real)
        return FRONT_AGAIN;
    front_complain(fields_text(credential, "failed_text"));
    return (int)fields_number(credential, "failed_exit");
}

static int
front_wait(struct front *front, struct moment started)
{
    int64_t limit = fields_number(&front->cache.header, "lock_timeout");
    int64_t passed = clock_now().boot - started.boot;
    cleanup_close int lock = -1;
    enum lock_status status;

    if (limit <= 0 || limit > 3600000)
        limit = FRONT_WAIT_DEFAULT;
    if (passed > limit)
        passed = limit;
    status =
        lock_take(front->folder, cache_folder(&front->place), CACHE_LOCK_NAME,
                  LOCK_SHARED, (int)(limit - passed), &lock, NULL);
    if (status == LOCK_TAKEN)
        return FRONT_AGAIN;
    front_complain("another process has been renewing the token for too "
                   "long; try again, or see: parallel-credential status");
    return FAIL_SERVICE;
}

/*
 * The token has to be renewed, or found. Either we are the one to see to it
 * (FRONT_HANDOVER, with the lock), or somebody has, while we waited.
 */
static int
front_take_turn(struct front *front, const struct fields *credential,
                struct moment started)
{
    struct error err = ERROR_INIT;
    bool waited = false;

    if (front->folder < 0)
        return FRONT_HANDOVER;
    if (credential) {
        int failed = front_report_failure(credential, started);
        if (failed != FRONT_AGAIN)
            return failed;
    }
    switch (lock_take(front->folder, cache_folder(&front->place),
                      CACHE_LOCK_NAME, LOCK_EXCLUSIVE, 0, &front->lock,
                      &err)) {
    case LOCK_TAKEN:
        break;
    case LOCK_FAILED:
        return FRONT_HANDOVER; /* the broker will say why */
    case LOCK_BUSY:
        waited = true;
        break;
    }
    if (waited) {
        int result = front_wait(front, started);
        if (result != FRONT_AGAIN)
            return result;
    }
    return FRONT_AGAIN;
}

int
front_settle(struct front *front, const struct fields *credential,
             struct moment started)
{
    enum cache_verdict verdict =
        credential ? cache_judge(credential, clock_now(), front->min_ttl)
                   : CACHE_NONE;

    if (credential && (verdict == CACHE_FRESH || verdict == CACHE_DUE))
        return FAIL_NONE;
    if (verdict == CACHE_REFUSED || (credential && verdict == CACHE_NONE))
        return FRONT_HANDOVER; /* a matter for a person */
    if (front->lock >= 0)
        return FRONT_HANDOVER; /* looked twice: it is ours to do */
    return front_take_turn(front, credential, started);
}

static bool
front_is_due(const struct fields *credential, struct moment now)
{
    enum cache_verdict verdict = cache_judge(credential, now, 0);

    return (verdict == CACHE_DUE || verdict == CACHE_EXPIRED) &&
           cache_may_retry(credential, now.real);
}

/* The caller shall see the end of the answer now, whatever we still do: our
 * standard output goes to /dev/null (were it only closed, the next file to be
 * opened would become it). */
static void
front_end_output(void)
{
    cleanup_close int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null >= 0)
        dup2(null, STDOUT_FILENO);
}

void
front_renew_behind(struct front *front, const struct fields *credential)
{
    const char *org = fields_text(credential, "org_id");
    const char *issuer = fields_text(credential, "issuer");
    char lock_option[32], org_option[1024];
    char issuer_option[URL_TEXT_SIZE + 16], provider_option[64];
    char *argv[] = {(char *)"parallel-credential",
                    lock_option,
                    provider_option,
                    issuer_option,
                    org_option,
                    (char *)"refresh",
                    (char *)"--if-due",
                    (char *)"--quiet",
                    NULL};

    if (!front_is_due(credential, clock_now()))
        return;
    front_end_output();
    if (front->lock < 0 &&
        lock_take(front->folder, "", CACHE_LOCK_NAME, LOCK_EXCLUSIVE, 0,
                  &front->lock, NULL) != LOCK_TAKEN)
        return;
    snprintf(lock_option, sizeof lock_option, "--renewing=%d", front->lock);
    snprintf(issuer_option, sizeof issuer_option, "--issuer=%s", issuer);
    snprintf(provider_option, sizeof provider_option, "--provider=%s",
             fields_text(credential, "provider"));
    snprintf(org_option, sizeof org_option, "--org=%s", org);
    spawn_detached(BROKER_PATH, argv, -1, front->lock, NULL);
}
