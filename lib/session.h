/*
 * session.h - writes the session cache that the front reads.
 *
 * Only who holds the lock "renewing" beside the cache writes it. The cache
 * names the files it was made from, so that a cache that has been overtaken
 * is noticed by its reader; nothing depends on its being there.
 */
#ifndef PARALLEL_SESSION_H
#define PARALLEL_SESSION_H

#include "lib/base/cache.h"
#include "lib/base/error.h"
#include "lib/config.h"
#include "lib/store/store.h"

struct session {
    const struct config *config; /* not owned */
    const struct place *place;   /* not owned */
    int folder;                  /* of the cache, or -1: there is none */
    int lock;                    /* "renewing", or -1 */
    bool published;              /* we have put one there ourselves */
    struct cache old;            /* what stood there when we opened it */
};

#define SESSION_INIT                                                          \
    {                                                                         \
        .folder = -1, .lock = -1, .old = CACHE_INIT                           \
    }

/* Why a renewal failed, for those who waited for it and for the next one. */
struct session_failure {
    const struct record *record;
    const struct error *err;
    int64_t retry_after_s; /* as the server said, or -1 */
};

/*
 * Open the cache of a place. lock is the lock "renewing" if whoever started
 * us passed it on, else -1. Trouble is no error: then there is no cache.
 */
void session_open(struct session *session, const struct config *config,
                  const struct place *place, int lock);

/* Take the lock, unless it is held. create: make the folder where it lies.
 * -1 only when somebody else kept it for limit_ms. */
int session_lock(struct session *session, bool create, int64_t limit_ms,
                 struct error *err);
void session_unlock(struct session *session);

/* Put what only the cache knows, the boot clock's view of the expiries, into
 * the records that were just loaded. */
void session_recall(const struct session *session, struct store *store);

/* Whether a background renewal of the record may be tried now. */
bool session_may_retry(const struct session *session,
                       const struct record *record, struct moment now);

/*
 * Replace the cache by what the store holds now. failure may be NULL. Without
 * lock or folder nothing happens; when it cannot be written, the old one is
 * taken away.
 */
void session_publish(struct session *session, const struct store *store,
                     const struct session_failure *failure);

/* Take away a cache that has something to hand out, if nobody else is at it:
 * the person is not to be connected any more. Whether there was one. */
bool session_withdraw(struct session *session);

/* Whether the policy keeps back what the cache had when it was opened. */
bool session_takes_back(const struct session *session,
                        const struct store *store);

/* Append the block of a record as it stands in the cache, without its end.
 * Not 0: it cannot be written as a block. */
int session_put_credential(const struct session *session, struct secret *block,
                           const struct record *r);

/* Append the token_for[] and key_for[] lines of a provider to a block, and
 * how its token is presented. */
int session_put_addresses(struct secret *block,
                          const struct provider_kept *kept);

void session_release(struct session *session);

#endif
