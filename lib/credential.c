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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/oauth/refresh.h"
#include "lib/oauth/register.h"
#include "lib/oauth/revoke.h"

/* A token that a caller calls bad is replaced at most this often: ms. */
#define CREDENTIAL_ERASE_PAUSE 30000
/* A poll that takes longer than this is asked again: ms. */
#define CREDENTIAL_POLL_LIMIT 10000

int
credential_open(struct credential *c, const struct config *config,
                const struct place *place,
                const struct credential_choice *choice, int renewing,
                struct error *err)
{
    *c = (struct credential){.config = config,
                             .place = place,
                             .choice = *choice,
                             .http = config_http(config),
                             .session = SESSION_INIT,
                             .store = STORE_INIT,
                             .started = clock_now()};
    session_open(&c->session, config, place, renewing);
    return store_open(&c->store, place, err);
}

void
credential_close(struct credential *c)
{
    store_release(&c->store);
    session_release(&c->session);
}

static enum credential_result
credential_signed_out(const struct credential *c, struct error *err)
{
    char org[128];

    if (c->choice.org) {
        text_show(org, sizeof org, c->choice.org);
        error_set(err, FAIL_AUTH, "not_signed_in",
                  "not signed in to Parallel for the organization %s; run: "
                  "parallel-credential login",
                  org);
    } else {
        error_set(err, FAIL_AUTH, "not_signed_in",
                  "not signed in to Parallel; run: parallel-credential "
                  "login");
    }
    return CREDENTIAL_NONE;
}

static enum credential_result
credential_sign_in_again(const struct record *r, struct error *err)
{
    error_set(err, FAIL_AUTH, "sign_in_again",
              "the sign-in to Parallel%s%s has ended and cannot be renewed; "
              "run: parallel-credential login",
              *r->org_name ? " for " : "", r->org_name);
    return CREDENTIAL_REFUSED;
}

enum credential_result
credential_find(struct credential *c, struct record **record,
                struct error *err)
{
    if (store_load(&c->store, err) < 0)
        return CREDENTIAL_FAILED;
    session_recall(&c->session, &c->store);
    *record = store_find(&c->store, c->choice.provider,
                         config_issuer(c->config), c->choice.org);
    return *record ? CREDENTIAL_OK : credential_signed_out(c, err);
}

/* Both locks, in their order. */
static int
credential_lock(struct credential *c, bool create, struct error *err)
{
    int64_t limit = c->config->lock_timeout_ms;

    if (session_lock(&c->session, create, limit, err) < 0)
        return -1;
    return store_lock(&c->store, limit, err);
}

static void
credential_unlock(struct credential *c)
{
    store_unlock(&c->store);
    session_unlock(&c->session);
}

/* From asking to keeping, no signal may end us. */
static void
credential_hold_signals(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, before);
}

static void
credential_release_signals(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}

static int
credential_provider(const struct record *r, struct provider *provider,
                    struct error *err)
{
    return provider_init_parallel(provider, r->issuer, r->service_url,
                                  r->data_url, r->scopes, err);
}

/* ---- get and renew --------------------------------------------------- */

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
 * replaced by somebody whom our lock could not stop: what is stored now
 * decides. Nothing is deleted.
 */
static enum credential_result
credential_disbelieve(struct credential *c,
                      const struct credential_asked *asked,
                      struct record **record, struct error *err)
{
    struct record *r;

    store_discard(&c->store);
    if (store_load(&c->store, err) < 0)
        return CREDENTIAL_FAILED;
    *record = r = store_find(&c->store, NULL, asked->issuer, asked->org);
    if (!r)
        return credential_signed_out(c, err);
    if (!secret_equals(&r->refresh, secret_text(&asked->refresh)))
        return record_is_fresh(r, clock_now(), 0)
                   ? CREDENTIAL_OK
                   : credential_sign_in_again(r, err);
    if (!r->refused) {
        r->refused = true;
        if (store_prepare(&c->store, err) < 0 ||
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
    if (store_commit(&c->store, err) == 0)
        return CREDENTIAL_OK;
    store_discard(&c->store);
    if (store_prepare(&c->store, err) == 0 &&
        store_commit(&c->store, err) == 0)
        return CREDENTIAL_OK;
    error_context(err, "the renewed token could not be kept; you will have "
                       "to sign in again");
    return CREDENTIAL_FAILED;
}

/* Ask, and keep what comes. Both locks are held and room is made. */
static enum credential_result
credential_exchange(struct credential *c,
                    const struct credential_asked *asked,
                    const struct provider *provider, struct record **record,
                    struct error *err)
{
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    struct refresh_trouble trouble = {-1, false};
    struct record *r = *record;
    struct moment now = clock_now();

    switch (refresh_exchange(&c->http, provider, r->client_id,
                             &asked->refresh, &token, &trouble, err)) {
    case OAUTH_OK:
        return credential_keep_renewed(c, r, &token, now, err);
    case OAUTH_INVALID_GRANT:
    case OAUTH_INVALID_CLIENT:
        return credential_disbelieve(c, asked, record, err);
    default:
        credential_note_failure(c, r, trouble.retry_after_s, err);
        return CREDENTIAL_FAILED;
    }
}

/* Renew *record, which was read under the locks that are held. */
static enum credential_result
credential_renew(struct credential *c, struct record **record,
                 struct error *err)
{
    CLEANUP(credential_asked_release) struct credential_asked asked = {0};
    CLEANUP(provider_release) struct provider provider = {0};
    enum credential_result result;
    sigset_t before;

    if (secret_is_empty(&(*record)->refresh))
        return credential_sign_in_again(*record, err);
    if (credential_provider(*record, &provider, err) < 0 ||
        credential_asked_init(&asked, *record) < 0)
        return CREDENTIAL_FAILED;
    if (store_prepare(&c->store, err) < 0) {
        error_context(err, "the token was not renewed, because its "
                           "successor could not be kept");
        credential_note_failure(c, *record, -1, err);
        return CREDENTIAL_FAILED;
    }
    credential_hold_signals(&before);
    result = credential_exchange(c, &asked, &provider, record, err);
    if (result != CREDENTIAL_FAILED)
        session_publish(&c->session, &c->store, NULL);
    store_discard(&c->store);
    credential_release_signals(&before);
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

static enum credential_result
credential_token_locked(struct credential *c, enum credential_demand demand,
                        int64_t ttl, struct record **record,
                        struct error *err)
{
    enum credential_result result = credential_find(c, record, err);

    if (result == CREDENTIAL_OK &&
        credential_check_ttl(*record, ttl, err) < 0)
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

enum credential_result
credential_token(struct credential *c, enum credential_demand demand,
                 int64_t ttl, struct record **record, struct error *err)
{
    enum credential_result result = credential_find(c, record, err);
    bool served = result == CREDENTIAL_OK &&
                  credential_satisfies(c, *record, demand, ttl);

    if (result == CREDENTIAL_FAILED)
        return result;
    if (served || result == CREDENTIAL_NONE) {
        /* Nothing to ask. If nobody else is at it, let the front know. */
        if (session_lock(&c->session, false, 0, NULL) == 0)
            session_publish(&c->session, &c->store, NULL);
        session_unlock(&c->session);
        return result;
    }
    if (credential_lock(c, false, err) < 0)
        return CREDENTIAL_FAILED;
    result = credential_token_locked(c, demand, ttl, record, err);
    credential_unlock(c);
    return result;
}

/* ---- login ------------------------------------------------------------ */

/*
 * The client id of this installation: the administrator's, the stored one,
 * or, when there is none or renew is wanted, one that is registered now and
 * kept for good.
 */
static enum oauth_result
credential_client_id(struct credential *c, const struct provider *provider,
                     bool renew, char **id, struct error *err)
{
    const char *known;
    enum oauth_result result = OAUTH_FAILED;

    if (credential_lock(c, true, err) < 0 || store_load(&c->store, err) < 0 ||
        store_prepare(&c->store, err) < 0) {
        credential_unlock(c);
        return OAUTH_FAILED;
    }
    known = c->config->client_id;
    if (!known && !renew)
        known = store_client_id(&c->store, provider->issuer);
    if (known) {
        *id = strdup(known);
        result = *id ? OAUTH_OK : OAUTH_FAILED;
    } else {
        result = register_client(&c->http, provider, id, err);
        if (result == OAUTH_OK &&
            (store_set_client_id(&c->store, provider->issuer, *id) < 0 ||
             store_commit(&c->store, err) < 0))
            result = OAUTH_FAILED;
    }
    credential_unlock(c);
    return result;
}

/* Client id and device code; a client id that the service has forgotten is
 * registered anew, once, if it was ours to choose. */
static enum oauth_result
credential_ask_code(struct credential *c, const struct provider *provider,
                    char **id, struct device_code *code, struct error *err)
{
    enum oauth_result result =
        credential_client_id(c, provider, false, id, err);

    if (result != OAUTH_OK)
        return result;
    result = device_start(&c->http, provider, *id, provider->scopes, code,
                          err);
    if (result != OAUTH_INVALID_CLIENT || c->config->client_id)
        return result;
    free(*id);
    *id = NULL;
    result = credential_client_id(c, provider, true, id, err);
    if (result != OAUTH_OK)
        return result;
    return device_start(&c->http, provider, *id, provider->scopes, code,
                        err);
}

/* A key that was pasted before anybody signed in moves to the new record. */
static void
credential_adopt_key(struct credential *c, struct record *fresh,
                     struct record *from)
{
    if (!from || !secret_is_empty(&fresh->api_key))
        return;
    secret_move(&fresh->api_key, &from->api_key);
    char *id = fresh->api_key_id;
    fresh->api_key_id = from->api_key_id;
    from->api_key_id = id;
    if (secret_is_empty(&from->access) && secret_is_empty(&from->refresh) &&
        from != fresh)
        store_remove(&c->store, from);
}

/* Keep what was granted; *replaced is what it took the place of. */
static int
credential_keep(struct credential *c, const struct provider *provider,
                const char *client_id, const struct token *token,
                struct moment asked, struct record **record,
                struct secret *replaced, struct error *err)
{
    struct record *fresh = calloc(1, sizeof *fresh), *old = NULL;

    if (!fresh || record_init(fresh, provider, client_id, token, asked) < 0) {
        free(fresh);
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    }
    if (credential_lock(c, true, err) < 0 || store_load(&c->store, err) < 0 ||
        store_put(&c->store, fresh, &old) < 0) {
        credential_unlock(c);
        return -1;
    }
    if (old) {
        secret_move(replaced, &old->refresh);
        credential_adopt_key(c, fresh, old);
        record_release(old);
        free(old);
    }
    if (*fresh->org_id)
        credential_adopt_key(
            c, fresh, store_find(&c->store, NULL, fresh->issuer, ""));
    if (store_prepare(&c->store, err) < 0 ||
        store_commit(&c->store, err) < 0) {
        credential_unlock(c);
        return -1;
    }
    session_publish(&c->session, &c->store, NULL);
    credential_unlock(c);
    *record = fresh;
    return 0;
}

/* One poll and, if it brought a token, keeping it: no signal in between. */
static enum oauth_result
credential_poll(struct credential *c, const struct provider *provider,
                const char *client_id, struct device_code *code,
                struct record **record, struct error *err)
{
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    CLEANUP(secret_release) struct secret replaced = SECRET_INIT;
    struct http_options http = c->http;
    struct moment asked = clock_now();
    enum oauth_result result;
    bool maybe_done = false;
    sigset_t before;

    if (http.timeout_ms > CREDENTIAL_POLL_LIMIT)
        http.timeout_ms = CREDENTIAL_POLL_LIMIT;
    credential_hold_signals(&before);
    result = device_poll(&http, provider, client_id, code, &token,
                         &maybe_done, err);
    if (result == OAUTH_OK &&
        credential_keep(c, provider, client_id, &token, asked, record,
                        &replaced, err) < 0) {
        /* It cannot be kept: then nobody shall have it. */
        revoke_refresh_token(&c->http, provider, client_id, &token.refresh,
                             NULL);
        result = OAUTH_REFUSED;
    } else if (result == OAUTH_OK && !secret_is_empty(&replaced)) {
        revoke_refresh_token(&c->http, provider, client_id, &replaced, NULL);
    }
    credential_release_signals(&before);
    return result;
}

/* What the end of an authorization means for the caller. */
static enum credential_result
credential_verdict(enum oauth_result result, struct error *err)
{
    if (result == OAUTH_OK)
        return CREDENTIAL_OK;
    if (result == OAUTH_DENIED)
        error_set(err, FAIL_AUTH, "access_denied",
                  "the request was refused; nothing has changed");
    if (result == OAUTH_EXPIRED)
        error_set(err, FAIL_TIMEOUT, "expired_token",
                  "the code has run out without an approval; run: "
                  "parallel-credential login");
    if (result == OAUTH_INVALID_GRANT)
        error_context(err, "the service no longer knows this code; sign in "
                           "again");
    return CREDENTIAL_FAILED;
}

static enum credential_result
credential_wait_for_person(struct credential *c,
                           const struct provider *provider,
                           const char *client_id, struct device_code *code,
                           const struct credential_dialog *dialog,
                           struct record **record, struct error *err)
{
    for (;;) {
        enum oauth_result result =
            credential_poll(c, provider, client_id, code, record, err);
        bool again = result == OAUTH_PENDING || result == OAUTH_SLOW_DOWN ||
                     result == OAUTH_FAILED;

        if (!again)
            return credential_verdict(result, err);
        if (clock_now().boot + code->interval_ms > code->ends_boot)
            return credential_verdict(OAUTH_EXPIRED, err);
        if (dialog->wait(dialog->context, code, code->interval_ms, err) != 0)
            return CREDENTIAL_FAILED;
    }
}

enum credential_result
credential_login(struct credential *c, const char *scope,
                 const struct credential_dialog *dialog,
                 struct record **record, struct error *err)
{
    CLEANUP(device_code_release)
    struct device_code code = DEVICE_CODE_INIT;
    CLEANUP(provider_release) struct provider provider = {0};
    cleanup_free char *client_id = NULL;
    const struct config *config = c->config;
    enum oauth_result result;

    if (provider_init_parallel(&provider, config->platform_url,
                               config->service_api_url, config->api_url,
                               scope ? scope : config->scopes, err) < 0)
        return CREDENTIAL_FAILED;
    result = credential_ask_code(c, &provider, &client_id, &code, err);
    if (result != OAUTH_OK)
        return CREDENTIAL_FAILED;
    dialog->show(dialog->context, &code);
    return credential_wait_for_person(c, &provider, client_id, &code, dialog,
                                      record, err);
}

/* ---- logout, erase, keys ---------------------------------------------- */

static int
credential_revoke(struct credential *c, const struct record *r,
                  struct error *err)
{
    CLEANUP(provider_release) struct provider provider = {0};

    if (secret_is_empty(&r->refresh) || r->refused)
        return 0;
    if (credential_provider(r, &provider, err) < 0 ||
        revoke_refresh_token(&c->http, &provider, r->client_id, &r->refresh,
                             err) != OAUTH_OK)
        return -1;
    return 0;
}

enum credential_result
credential_logout(struct credential *c, bool all, struct error *err)
{
    struct error trouble = ERROR_INIT;
    enum credential_result result = CREDENTIAL_FAILED;
    struct record *r;
    int told = 0;

    if (credential_find(c, &r, err) == CREDENTIAL_NONE && !all)
        return CREDENTIAL_NONE;
    if (credential_lock(c, false, err) == 0)
        result = credential_find(c, &r, err);
    while (result == CREDENTIAL_OK) {
        told |= credential_revoke(c, r, &trouble);
        store_remove(&c->store, r);
        if (!all)
            break;
        r = store_find(&c->store, NULL, NULL, NULL);
        result = r ? CREDENTIAL_OK : CREDENTIAL_NONE;
    }
    if (result != CREDENTIAL_FAILED)
        result = store_prepare(&c->store, err) < 0 ||
                         store_commit(&c->store, err) < 0
                     ? CREDENTIAL_FAILED
                     : CREDENTIAL_OK;
    if (result == CREDENTIAL_OK)
        session_publish(&c->session, &c->store, NULL);
    credential_unlock(c);
    if (result != CREDENTIAL_OK || told == 0)
        return result;
    error_set(err, FAIL_SERVICE, "revoke",
              "signed out on this machine, but the service could not be "
              "told: %.400s",
              trouble.text);
    return CREDENTIAL_FAILED;
}

/* Forgets the secret where it is current. true when something changed. */
static bool
credential_forget(struct record *r, const char *secret)
{
    int64_t now = clock_now().real;

    if (!secret_is_empty(&r->api_key) && secret_equals(&r->api_key, secret)) {
        secret_release(&r->api_key);
        *r->api_key_id = '\0';
        return true;
    }
    if (secret_is_empty(&r->access) || !secret_equals(&r->access, secret))
        return false;
    if (r->erased <= now && now - r->erased < CREDENTIAL_ERASE_PAUSE)
        return false;
    r->erased = now;
    secret_release(&r->access);
    return true;
}

static int
credential_commit_change(struct credential *c, struct error *err)
{
    if (store_prepare(&c->store, err) < 0 ||
        store_commit(&c->store, err) < 0)
        return -1;
    session_publish(&c->session, &c->store, NULL);
    return 0;
}

int
credential_erase(struct credential *c, const char *origin, const char *path,
                 const char *secret, struct error *err)
{
    bool changed = false;
    int result = 0;

    if (store_load(&c->store, err) < 0)
        return -1;
    if (c->store.record_count == 0)
        return 0;
    if (credential_lock(c, false, err) < 0 || store_load(&c->store, err) < 0)
        result = -1;
    for (size_t i = 0; result == 0 && i < c->store.record_count; i++) {
        struct record *r = c->store.record[i];
        if (credential_match(c, r, origin, path) != CACHE_USE_NOTHING)
            changed |= credential_forget(r, secret);
    }
    if (result == 0 && changed)
        result = credential_commit_change(c, err);
    credential_unlock(c);
    return result;
}

enum cache_use
credential_match(const struct credential *c, const struct record *record,
                 const char *origin, const char *path)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    const struct config *config = c->config;

    if (session_put_addresses(
            &text, record ? record->issuer : config->platform_url,
            record ? record->service_url : config->service_api_url,
            record ? record->data_url : config->api_url) < 0 ||
        fields_parse(&block, text.data, text.len, false, NULL, NULL) < 0)
        return CACHE_USE_NOTHING;
    return cache_match(&block, origin, path);
}

/* A record that holds nothing but a key that a person has pasted. */
static struct record *
credential_new_key_record(struct credential *c, struct error *err)
{
    CLEANUP(provider_release) struct provider provider = {0};
    const struct config *config = c->config;
    const struct token nothing = TOKEN_INIT;
    struct record *fresh = calloc(1, sizeof *fresh), *replaced;

    if (provider_init_parallel(&provider, config->platform_url,
                               config->service_api_url, config->api_url, "",
                               err) < 0 ||
        !fresh ||
        record_init(fresh, &provider, "", &nothing, c->started) < 0) {
        free(fresh);
        return NULL;
    }
    return store_put(&c->store, fresh, &replaced) < 0 ? NULL : fresh;
}

int
credential_set_key(struct credential *c, const char *origin,
                   const char *path, const char *key, struct error *err)
{
    struct record *r = NULL;
    int result = -1;

    if (credential_find(c, &r, err) == CREDENTIAL_FAILED)
        return -1;
    if (credential_match(c, r, origin, path) != CACHE_USE_KEY)
        return 0;
    if (credential_lock(c, true, err) == 0 &&
        credential_find(c, &r, err) != CREDENTIAL_FAILED)
        result = 0;
    if (result == 0 && !r)
        r = credential_new_key_record(c, err);
    if (result == 0 && r && secret_set(&r->api_key, key, strlen(key)) == 0) {
        *r->api_key_id = '\0';
        result = credential_commit_change(c, err);
    } else {
        result = -1;
    }
    credential_unlock(c);
    return result;
}
