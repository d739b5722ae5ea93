/*
 * credential.c - the story.
 *
 *   get                                     login
 *    │                                       │
 *    ├─ fresh? ── yes ─────────► serve       ├─ client id (register once)
 *    no                                      ├─ room in the store?
 *    ├─ lock "renewing", lock the store      ├─ ask for a code, show it
 *    ├─ read the store again:                ├─ poll: pending, slow down …
 *    │   renewed meanwhile? ───► serve       └─ granted
 *    ├─ make room for the answer                  │
 *    ├─ ask ─┬─ granted                           │
 *    │       ├─ invalid_grant: sign in again      │
 *    │       └─ trouble: keep all, back off       │
 *    ├─ keep: write, sync, rename, sync  ◄────────┘
 *    └─ publish the session cache, unlock
 *
 * A refresh token is spent by asking. So between asking and keeping no
 * signal is let in, and nothing is asked that could not be kept.
 */
#include "lib/credential.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/credential_parts.h"
#include "lib/oauth/refresh.h"
#include "lib/permit.h"

int
credential_open(struct credential *c, const struct config *config,
                const struct place *place,
                const struct credential_choice *choice, int renewing,
                struct error *err)
{
    const struct store_options options = {.wanted = config->store,
                                          .keyring_timeout_ms =
                                              config->keyring_timeout_ms,
                                          .start = !choice->unattended};

    *c = (struct credential){.config = config,
                             .place = place,
                             .choice = *choice,
                             .http = config_http(config),
                             .lock_limit_ms = config->lock_timeout_ms,
                             .session = SESSION_INIT,
                             .store = STORE_INIT,
                             .started = clock_now()};
    if (!c->choice.provider)
        c->choice.provider = provider_parallel_name;
    session_open(&c->session, config, place, renewing);
    return store_open(&c->store, place, &options, err);
}

void
credential_close(struct credential *c)
{
    store_release(&c->store);
    session_release(&c->session);
    free(c->chosen_org);
    free(c->chosen_issuer);
    free(c->chosen_provider);
}

int
credential_choose(struct credential *c, const struct record *record,
                  struct error *err)
{
    free(c->chosen_org);
    free(c->chosen_issuer);
    free(c->chosen_provider);
    c->choice.org = c->chosen_org = strdup(record->org_id);
    c->choice.issuer = c->chosen_issuer = strdup(record->issuer);
    c->choice.provider = c->chosen_provider = strdup(record->provider);
    if (!c->chosen_org || !c->chosen_issuer || !c->chosen_provider)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

const char *
credential_issuer(const struct credential *c)
{
    if (c->choice.issuer || !provider_is_builtin(c->choice.provider))
        return c->choice.issuer;
    return config_issuer(c->config);
}

struct record *
credential_pick(const struct credential *c)
{
    const struct credential_choice *choice = &c->choice;
    const char *issuer = credential_issuer(c);
    struct record *first = store_find(&c->store, choice->provider, issuer,
                                      choice->org),
                  *r;
    size_t at = 0;

    if (!first || choice->org || permit_record(c->config, first, NULL) == 0)
        return first;
    while ((r = store_next(&c->store, &at)))
        if (strcmp(r->provider, choice->provider) == 0 &&
            (!issuer || strcmp(r->issuer, issuer) == 0) &&
            permit_record(c->config, r, NULL) == 0)
            return r;
    return first;
}

enum credential_result
credential_find(struct credential *c, struct record **record,
                struct error *err)
{
    if (store_load(&c->store, err) < 0)
        return CREDENTIAL_FAILED;
    session_recall(&c->session, &c->store);
    *record = credential_pick(c);
    if (*record && !c->exempt && permit_record(c->config, *record, err) < 0) {
        *record = NULL;
        return CREDENTIAL_FAILED;
    }
    if (*record)
        return CREDENTIAL_OK;
    if (!c->store.unread)
        return credential_signed_out(c, err);
    keyring_explain(&c->store.keyring, err);
    return CREDENTIAL_FAILED;
}

int
credential_lock(struct credential *c, bool create, struct error *err)
{
    if (session_lock(&c->session, create, c->lock_limit_ms, err) < 0)
        return -1;
    return store_lock(&c->store, c->lock_limit_ms, err);
}

void
credential_unlock(struct credential *c)
{
    store_unlock(&c->store);
    session_unlock(&c->session);
}

void
credential_hold_signals(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, before);
}

void
credential_release_signals(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}

int
credential_provider(const struct credential *c, const struct record *r,
                    struct provider *provider, struct error *err)
{
    const struct provider_kept kept = record_kept(r);
    const struct provider_settings *settings =
        config_provider_settings(c->config, r->provider);
    char name[64];

    if (!provider_is_builtin(r->provider) && !settings)
        return error_set(err, FAIL_INPUT, "config",
                         "the configuration has no [provider %s] any more, "
                         "which has issued this credential",
                         text_show(name, sizeof name, r->provider));
    if (provider_restore(provider, &kept, settings, err) < 0)
        return -1;
    if (config_read_client_secret(provider, err) == 0)
        return 0;
    provider_release(provider);
    return -1;
}

int
credential_commit(struct credential *c, struct error *err)
{
    if (store_prepare(&c->store, true, err) < 0 ||
        store_commit(&c->store, err) < 0)
        return -1;
    session_publish(&c->session, &c->store, NULL);
    return 0;
}

void
credential_settle(struct credential *c)
{
    sigset_t before;

    if (!store_is_loose(&c->store))
        return;
    credential_hold_signals(&before);
    if (session_lock(&c->session, true, 0, NULL) == 0 &&
        store_lock(&c->store, 0, NULL) == 0 &&
        store_load(&c->store, NULL) == 0 && store_is_loose(&c->store))
        credential_commit(c, NULL);
    credential_unlock(c);
    credential_release_signals(&before);
}

void
credential_tell_front(struct credential *c)
{
    if (c->session.published)
        return;
    if (session_lock(&c->session, false, 0, NULL) == 0)
        session_publish(&c->session, &c->store, NULL);
    session_unlock(&c->session);
}

static bool
credential_satisfies(const struct credential *c, const struct record *r,
                     enum credential_demand demand, int64_t ttl)
{
    struct moment now = clock_now();

    if (!record_is_fresh(r, now, ttl))
        return demand == CREDENTIAL_DUE &&
               !session_may_retry(&c->session, r, now);
    switch (demand) {
    case CREDENTIAL_FRESH:
        return true;
    case CREDENTIAL_DUE:
        return !clock_reached(record_renew_from(r), now) ||
               !session_may_retry(&c->session, r, now);
    case CREDENTIAL_NEW:
        break;
    }
    /* Somebody else has renewed it since we began. */
    return r->issued.real > c->started.real && r->issued.real <= now.real;
}

static void
credential_note_failure(struct credential *c, const struct record *r,
                        int64_t retry_after_s, const struct error *err)
{
    const struct session_failure failure = {r, err, retry_after_s};

    session_publish(&c->session, &c->store, &failure);
}

/* What is asked for, kept apart from a store that may be read again. */
struct credential_asked {
    char *issuer;
    char *org;
    struct secret refresh;
};

static void
credential_asked_release(struct credential_asked *asked)
{
    free(asked->issuer);
    free(asked->org);
    secret_release(&asked->refresh);
}

static int
credential_asked_init(struct credential_asked *asked, const struct record *r)
{
    asked->issuer = strdup(r->issuer);
    asked->org = strdup(r->org_id);
    if (!asked->issuer || !asked->org ||
        secret_set(&asked->refresh, r->refresh.data, r->refresh.len) < 0)
        return -1;
    return 0;
}

/*
 * The service says that the refresh token is no good. Perhaps it has been
 * replaced by somebody whom our lock could not stop (a home that two machines
 * share): what is stored now decides. Nothing is deleted. *replaced: there is
 * another refresh token, which has not been asked with.
 */
static enum credential_result
credential_disbelieve(struct credential *c,
                      const struct credential_asked *asked,
                      struct record **record, bool *replaced,
                      struct error *err)
{
    struct record *r;

    store_discard(&c->store);
    if (store_load(&c->store, err) < 0)
        return CREDENTIAL_FAILED;
    *record = r = store_find(&c->store, NULL, asked->issuer, asked->org);
    if (!r)
        return credential_signed_out(c, err);
    if (!secret_equals(&r->refresh, secret_text(&asked->refresh))) {
        *replaced = !record_is_fresh(r, clock_now(), 0);
        return *replaced ? credential_sign_in_again(r, err) : CREDENTIAL_OK;
    }
    if (!r->refused) {
        r->refused = true;
        if (store_prepare(&c->store, false, err) < 0 ||
            store_commit(&c->store, err) < 0)
            return CREDENTIAL_FAILED;
    }
    return credential_sign_in_again(r, err);
}

/* The old refresh token is spent: whatever can be done to keep the new one
 * is done. */
static enum credential_result
credential_keep_renewed(struct credential *c, struct record *r,
                        const struct token *token, struct moment asked,
                        struct error *err)
{
    if (record_renew(r, token, asked) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return CREDENTIAL_FAILED;
    }
    if (store_commit(&c->store, err) < 0) {
        store_discard(&c->store);
        if (store_prepare(&c->store, false, err) < 0 ||
            store_commit(&c->store, err) < 0) {
            error_context(err, "the renewed token could not be kept; you will "
                               "have to sign in again");
            return CREDENTIAL_FAILED;
        }
    }
    credential_log(JOURNAL_RENEWED, r, NULL);
    return CREDENTIAL_OK;
}

/* Ask, and keep what comes. Both locks are held and room is made. */
static enum credential_result
credential_exchange(struct credential *c, const struct credential_asked *asked,
                    const struct provider *provider, struct record **record,
                    bool *replaced, struct error *err)
{
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    struct refresh_trouble trouble = {-1, false};
    struct record *r = *record;
    struct moment now = clock_now();

    switch (refresh_exchange(&c->http, provider, r->client_id, &asked->refresh,
                             &token, &trouble, err)) {
    case OAUTH_OK:
        return credential_keep_renewed(c, r, &token, now, err);
    case OAUTH_INVALID_GRANT:
    case OAUTH_INVALID_CLIENT:
        return credential_disbelieve(c, asked, record, replaced, err);
    default:
        credential_note_failure(c, r, trouble.retry_after_s, err);
        return CREDENTIAL_FAILED;
    }
}

/* The record may be gone by now. */
static void
credential_log_asked(const struct credential_asked *asked,
                     const struct provider *provider,
                     enum credential_result result, const struct error *err)
{
    const struct journal_entry entry = {.event = result == CREDENTIAL_FAILED
                                                     ? JOURNAL_FAILED
                                                     : JOURNAL_REFUSED,
                                        .provider = provider->name,
                                        .issuer = asked->issuer,
                                        .org = asked->org,
                                        .reason = err->id,
                                        .detail = err->text};

    journal_note(&entry);
}

/* One try to renew *record, which was read under the locks that are held. */
static enum credential_result
credential_renew_once(struct credential *c, struct record **record,
                      bool *replaced, struct error *err)
{
    CLEANUP(credential_asked_release) struct credential_asked asked = {0};
    CLEANUP(provider_release) struct provider provider = {0};
    enum credential_result result;
    sigset_t before;

    if (secret_is_empty(&(*record)->refresh))
        return credential_sign_in_again(*record, err);
    if (credential_provider(c, *record, &provider, err) < 0 ||
        credential_asked_init(&asked, *record) < 0)
        return CREDENTIAL_FAILED;
    if (store_prepare(&c->store, false, err) < 0) {
        error_context(err, "the token was not renewed, because its "
                           "successor could not be kept");
        credential_note_failure(c, *record, -1, err);
        credential_log_asked(&asked, &provider, CREDENTIAL_FAILED, err);
        return CREDENTIAL_FAILED;
    }
    credential_hold_signals(&before);
    result = credential_exchange(c, &asked, &provider, record, replaced, err);
    if (result != CREDENTIAL_FAILED)
        session_publish(&c->session, &c->store, NULL);
    store_discard(&c->store);
    credential_release_signals(&before);
    if (result != CREDENTIAL_OK && !*replaced)
        credential_log_asked(&asked, &provider, result, err);
    return result;
}

static enum credential_result
credential_renew(struct credential *c, struct record **record,
                 struct error *err)
{
    bool replaced = false;
    enum credential_result result =
        credential_renew_once(c, record, &replaced, err);

    if (replaced)
        result = credential_renew_once(c, record, &replaced, err);
    return result;
}

/* The token can never live that long: do not spend a refresh on it. */
static int
credential_check_ttl(const struct record *r, int64_t ttl, struct error *err)
{
    if (r->expires.real == 0 || ttl <= r->lifetime)
        return 0;
    return error_set(err, FAIL_INPUT, "min_ttl",
                     "the service issues tokens for %lld s; they cannot be "
                     "valid for %lld s more",
                     (long long)r->lifetime / 1000, (long long)ttl / 1000);
}

enum credential_result
credential_token_locked(struct credential *c, enum credential_demand demand,
                        int64_t ttl, struct record **record, struct error *err)
{
    enum credential_result result = credential_find(c, record, err);

    /* What the front has may be of use still. */
    if (result == CREDENTIAL_FAILED)
        return result;
    if (result == CREDENTIAL_OK && credential_check_ttl(*record, ttl, err) < 0)
        return CREDENTIAL_FAILED;
    if (result != CREDENTIAL_OK ||
        credential_satisfies(c, *record, demand, ttl)) {
        session_publish(&c->session, &c->store, NULL);
        return result;
    }
    if ((*record)->refused && demand != CREDENTIAL_NEW) {
        session_publish(&c->session, &c->store, NULL);
        return credential_sign_in_again(*record, err);
    }
    result = credential_renew(c, record, err);
    if (result == CREDENTIAL_OK && demand != CREDENTIAL_NEW &&
        !record_is_fresh(*record, clock_now(), 0)) {
        error_set(err, FAIL_SERVICE, "lifetime",
                  "the service issued a token that has already expired");
        return CREDENTIAL_FAILED;
    }
    return result;
}

static void
credential_warm_up(void)
{
    http_start(NULL);
}

static enum credential_result
credential_token_alone(struct credential *c, enum credential_demand demand,
                       int64_t ttl, struct record **record, struct error *err)
{
    enum credential_result result = CREDENTIAL_FAILED;

    if (demand == CREDENTIAL_NEW)
        c->store.keyring.meanwhile = credential_warm_up;
    if (credential_lock(c, false, err) == 0)
        result = credential_token_locked(c, demand, ttl, record, err);
    credential_unlock(c);
    return result;
}

static enum credential_result
credential_find_settled(struct credential *c, struct record **record,
                        struct error *err)
{
    enum credential_result result = credential_find(c, record, err);

    if (result == CREDENTIAL_FAILED || !store_is_loose(&c->store))
        return result;
    credential_settle(c);
    return credential_find(c, record, err);
}

enum credential_result
credential_token(struct credential *c, enum credential_demand demand,
                 int64_t ttl, struct record **record, struct error *err)
{
    enum credential_result result;
    bool served;

    /* It will be renewed, whatever is stored: read it once, under the locks.
     */
    if (demand == CREDENTIAL_NEW && c->store.folder >= 0)
        return credential_token_alone(c, demand, ttl, record, err);
    result = credential_find_settled(c, record, err);
    served = result == CREDENTIAL_OK &&
             credential_satisfies(c, *record, demand, ttl);
    if (result == CREDENTIAL_FAILED)
        return result;
    if (served || result == CREDENTIAL_NONE) {
        credential_tell_front(c); /* nothing to ask */
        return result;
    }
    return credential_token_alone(c, demand, ttl, record, err);
}
