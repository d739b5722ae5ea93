/*
 * cache.h - the session cache: all that the front needs to answer, digested.
 *
 * One file, "session", in the runtime folder (or, where there is none, in
 * the state folder): a header block, then a block for each credential, the
 * selected one first. It is replaced whole by the broker and only ever read
 * by the front. All times are milliseconds.
 *
 * Header block
 *   format          "5"
 *   credentials     how many blocks follow: one that is missing shows
 *   home            the home it was made for
 *   home_default    "1" when that is the password database's own
 *   provider        whose credential is meant when none is named
 *   token_for[] key_for[]  the addresses of that, as it is configured
 *   sign_in_for[]   those of the configuration's other providers: who is not
 *                   signed in for one can sign in
 *   others          how many bytes of credentials of other services follow
 *   others_whole    "1": there are no more of them in the store
 *   issuer          of that, the only one to choose from; missing: any
 *   export          "1": a session gets the API key in its environment
 *   issuer_locked   "1": whatever PARALLEL_PLATFORM_URL says
 *   lock_timeout    how long to wait for somebody who renews
 *   check_by check_by_boot  the broker has to look again by then; missing: no
 *                   end
 *   groups          "GID ...": of who made it; good for nobody who is in
 *                   another one; missing: groups do not matter
 *   watch[]         "INODE SIZE SECONDS NANOSECONDS DEVICE PATH", or
 *                   "absent PATH": the configuration and the store it was
 *                   made from; any difference makes the cache stale
 *
 * Credential block
 *   provider issuer org_id
 *   token_for[] key_for[]  addresses, see provider.h
 *   present                how the token is shown to them: ANSWER_AS_...;
 *                          missing: as a Bearer token
 *   access_token           missing when there is none
 *   valid_from             clock sanity where there is no boot clock
 *   expires_at lifetime    missing when the token never expires
 *   usable_until usable_until_boot      expiry less the skew
 *   renew_from renew_from_boot          expiry less the window
 *   renewable              "1" when there is a refresh token
 *   refused                "1" when the person has to sign in again
 *   retry_at retry_wait    no background renewal before this
 *   failed_at failed_exit failed_text   the last attempt to renew
 *   own_key_void           "1": an API key that the person has exported does
 *                          not count
 *   api_key api_key_id     the id is never empty: see record_key_id()
 *
 * Behind them the blocks of the credentials of other services (other.h),
 * which are only taken apart for who asks for one
 *   key user stored_at
 *   secret                 missing when only the broker may know it
 *   authtype expires_at    missing when there is none
 *   refreshable            "1" when it has a refresh token
 */
#ifndef PARALLEL_BASE_CACHE_H
#define PARALLEL_BASE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/fields.h"
#include "lib/base/other.h"
#include "lib/base/place.h"

#define CACHE_FORMAT    "5"
#define CACHE_NAME      "session"
#define CACHE_LOCK_NAME "renewing"
#define CACHE_MAX       (1024 * 1024)

struct cache {
    struct secret text; /* the file; the blocks point into it */
    struct fields header;
    struct fields *credential;
    size_t count;
    char *others; /* points into text, too; others_left bytes from here on */
    size_t others_left;
};

#define CACHE_INIT                                                            \
    {                                                                         \
        SECRET_INIT, FIELDS_INIT, NULL, 0, NULL, 0                            \
    }

/* The folder of cache and lock for this place: the runtime folder, else the
 * state folder. */
const char *cache_folder(const struct place *place);

/*
 * Read the cache in folder. true when it is whole, ours, and made from
 * exactly what lies on the disk now; false for every other case, in which
 * the broker has to look (and, if something is really wrong, to say so).
 */
bool cache_load(struct cache *cache, const struct place *place, int folder);

/*
 * The next credential of another service: false when there are no more of
 * them, or not a whole one. Each is shown once. block is room to work in;
 * what other points to belongs to the cache.
 */
bool cache_next_other(struct cache *cache, struct fields *block,
                      struct other *other);

/* Whether the cache knows of all of them. */
bool cache_has_all_others(const struct cache *cache);

void cache_release(struct cache *cache);

/* Append the watch[] line for path as it is now to a header block. */
int cache_watch(struct secret *block, const char *path);
/* The same with what was seen at an earlier look (NULL: absent). */
int cache_watch_seen(struct secret *block, const char *path,
                     const struct stat *seen);

/* Append the groups that this process is in to a header block. Not 0: there
 * are too many. */
int cache_put_groups(struct secret *block);

/* The block for issuer and org (either may be NULL: any), or NULL. */
const struct fields *cache_find(const struct cache *cache,
                                const char *provider, const char *issuer,
                                const char *org);

/* What a block says about its access token. */
enum cache_verdict {
    CACHE_FRESH,   /* serve it */
    CACHE_DUE,     /* serve it, and renew it in the background */
    CACHE_EXPIRED, /* renew first */
    CACHE_REFUSED, /* only the person can help */
    CACHE_NONE     /* there is none and no way to get one */
};

/* ttl: how long the token must live at least. */
enum cache_verdict cache_judge(const struct fields *credential,
                               struct moment now, int64_t ttl);

/* Whether a background renewal is allowed now. A time to wait that lies
 * further off than it was long belongs to a clock that jumped. */
bool cache_may_retry(const struct fields *credential, int64_t now_real);

enum cache_use { CACHE_USE_NOTHING, CACHE_USE_TOKEN, CACHE_USE_KEY };

/*
 * What the credential has to offer to the address origin + "/" + path, a
 * git request's: the longest matching entry of token_for[] and key_for[]
 * decides.
 */
enum cache_use cache_match(const struct fields *credential, const char *origin,
                           const char *path);

/* Whether the address, which no credential is for, is one to sign in for. */
bool cache_is_to_sign_in(const struct cache *cache, const char *origin,
                         const char *path);

#endif
