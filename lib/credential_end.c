/*
 * credential_end.c - the last session is over, and the sign-ins end with it.
 *
 *   mark      every record: from here on nobody gets it
 *   keep      that, on the disk: whoever stops us now does not undo it
 *   tell      the service, one by one: delete the key, revoke the token
 *    ├─ told, or refused for good ──► the record goes
 *    └─ no answer ──► it stays as it is, for the next time
 *
 * Nobody waits for us gladly, neither a logout nor a shutdown: an exchange
 * gets the time that a connection may take, and all of them together have an
 * end.
 */
#include "lib/credential.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/credential_parts.h"

/* The most for one exchange, and until no other record is begun with: ms. */
#define END_EXCHANGE 5000
#define END_ALL      10000
/* How long after its end a refresh token is still reported: ms. */
#define END_FORGET (7 * 24 * 3600 * 1000LL)

static int
credential_end_copy(struct copies *names, const struct copies *from)
{
    static const struct secret unknown = SECRET_INIT;

    for (size_t i = 0; i < from->count; i++)
        if (copies_put(names, from->item[i].issuer, from->item[i].org,
                       &unknown) < 0)
            return -1;
    return 0;
}

/* Trouble on the way, as against an answer that says no. */
static bool
credential_end_may_help(const struct error *trouble)
{
    return trouble->failure != FAIL_AUTH && trouble->failure != FAIL_INPUT;
}

/*
 * Tell the service of the chosen record. 0: it knows; 1: of something it will
 * not hear; -1: it is to be told another time. *r may be read anew, and be
 * NULL.
 */
static int
credential_end_tell(struct credential *c, struct record **r,
                    struct error *trouble)
{
    struct error token = ERROR_INIT;
    /* Without its id nobody can delete it but a person. */
    int result =
        *(*r)->api_key_id && credential_end_key(c, r, trouble) < 0 ? 1 : 0;

    if (result && credential_end_may_help(trouble))
        return -1;
    if (!*r)
        return c->store.unread ? -1 : result;
    if (credential_revoke(c, *r, &token) == 0)
        return result;
    *trouble = token;
    return credential_end_may_help(trouble) ? -1 : 1;
}

/* What could not be told for so long is told to nobody any more. */
static bool
credential_end_is_past(const struct record *r)
{
    return r->refresh_expires &&
           clock_now().real > r->refresh_expires + END_FORGET;
}

static int
credential_end_named(struct credential *c, const struct copy *name,
                     struct error *trouble)
{
    const struct credential_choice before = c->choice;
    struct error one = ERROR_INIT;
    struct record *r = store_find(&c->store, NULL, name->issuer, name->org);
    cleanup_free char *provider = r ? strdup(r->provider) : NULL;
    int told;

    if (!r && c->store.unread)
        return keyring_explain(&c->store.keyring, trouble);
    if (!r) {
        copies_drop(&c->store.ended, name->issuer, name->org);
        return credential_commit(c, trouble);
    }
    c->choice.provider = provider;
    c->choice.issuer = name->issuer;
    c->choice.org = name->org;
    told = provider ? credential_end_tell(c, &r, &one) : -1;
    c->choice = before;
    /* Also what the service will not hear of has not been revoked. */
    if (r)
        credential_log(told ? JOURNAL_FAILED : JOURNAL_REVOKED, r,
                       told ? &one : NULL);
    if (told < 0)
        *trouble = one;
    if (r && (told >= 0 || credential_end_is_past(r)))
        store_remove(&c->store, r);
    /* Also for what was noted of a key that lives on. */
    return credential_commit(c, trouble) < 0 ? -1 : told;
}

/* Both locks are held, and names are what has ended. */
static int
credential_end_each(struct credential *c, const struct copies *names,
                    struct error *trouble)
{
    int64_t end = clock_now().boot + END_ALL;
    int result = 0;

    for (size_t i = 0; i < names->count; i++) {
        if (clock_now().boot >= end)
            return error_set(trouble, FAIL_SERVICE, "time",
                             "the service takes too long");
        if (credential_end_named(c, &names->item[i], trouble) < 0)
            result = -1;
    }
    return result;
}

static int
credential_end_locked(struct credential *c, bool begin, struct error *trouble,
                      struct error *err)
{
    CLEANUP(copies_release) struct copies names = {NULL, 0};
    size_t before;
    int result, kept = 0;

    if (credential_read(c, err) < 0)
        return -1;
    before = c->store.ended.count;
    if (begin && store_end_all(&c->store) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    /* A disk that is full does not keep the service from being told. */
    if (c->store.ended.count > before)
        kept = credential_commit(c, err);
    if (credential_end_copy(&names, &c->store.ended) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    c->store.ending = true;
    c->exempt = true; /* it ends, whatever the policy says about it */
    result = credential_end_each(c, &names, trouble);
    c->store.ending = c->exempt = false;
    session_publish(&c->session, &c->store, NULL);
    return kept < 0 ? -1 : result;
}

/* In most cases there is nothing to do, and then nothing is made or locked. */
static bool
credential_end_concerns(const struct credential *c, bool begin)
{
    size_t at = 0;

    return c->store.ended.count > 0 ||
           (begin &&
            (store_next(&c->store, &at) || c->store.in_keyring.count > 0));
}

enum credential_result
credential_end_session(struct credential *c, bool begin, struct error *err)
{
    const struct http_options http = c->http;
    struct error trouble = ERROR_INIT, own = ERROR_INIT;
    int result;

    if (!err)
        err = &own;
    if (store_load(&c->store, err) < 0)
        return CREDENTIAL_FAILED;
    if (!credential_end_concerns(c, begin))
        return CREDENTIAL_NONE;
    if (c->http.timeout_ms > c->http.connect_timeout_ms)
        c->http.timeout_ms = c->http.connect_timeout_ms;
    if (c->http.timeout_ms > END_EXCHANGE)
        c->http.timeout_ms = END_EXCHANGE;
    result = credential_lock(c, false, err);
    if (result == 0)
        result = credential_end_locked(c, begin, &trouble, err);
    credential_unlock(c);
    c->http = http;
    if (result == 0)
        return CREDENTIAL_OK;
    if (!err->failure)
        error_set(err, FAIL_SERVICE, "revoke",
                  "signed out on this machine; the service is told later: "
                  "%.400s",
                  trouble.text);
    return CREDENTIAL_FAILED;
}
