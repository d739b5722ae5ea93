/*
 * credential_change.c - logout, and what callers and people say about the
 * credential.
 */
#include "lib/credential.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/credential_parts.h"
#include "lib/oauth/revoke.h"
#include "lib/permit.h"

/* A token that a caller calls bad is replaced at most this often: ms. */
#define CREDENTIAL_ERASE_PAUSE 30000

int
credential_revoke(struct credential *c, const struct record *r,
                  struct error *err)
{
    CLEANUP(provider_release) struct provider provider = {0};
    bool access = secret_is_empty(&r->refresh);

    if (r->refused || (access && secret_is_empty(&r->access)))
        return 0;
    if (credential_provider(c, r, &provider, err) < 0)
        return -1;
    return (access ? revoke_access_token(&c->http, &provider, r->client_id,
                                         &r->access, err)
                   : revoke_refresh_token(&c->http, &provider, r->client_id,
                                          &r->refresh, err)) == OAUTH_OK
               ? 0
               : -1;
}

/* The next record that a logout is about: the chosen one, or any. */
static struct record *
credential_to_end(const struct credential *c, bool all)
{
    return all ? store_find(&c->store, NULL, NULL, NULL) : credential_pick(c);
}

/* What does not show cannot be revoked; and it shall not be forgotten. */
static int
credential_end_sees(const struct credential *c, bool all, struct error *err)
{
    if (!c->store.unread || (!all && credential_to_end(c, all)))
        return 0;
    return keyring_explain(&c->store.keyring, err);
}

/*
 * End one record, at the service first: the API key, for which the access
 * token is needed, then the refresh token. *told: it could be told all of it,
 * else trouble. -1 with err: it does not show any more, and is not removed.
 */
static int
credential_end_one(struct credential *c, struct record *r, bool *told,
                   struct error *trouble, struct error *err)
{
    const struct credential_choice before = c->choice;
    cleanup_free char *issuer = strdup(r->issuer), *org = strdup(r->org_id);
    cleanup_free char *provider = strdup(r->provider);
    int result;

    c->choice.provider = provider;
    c->choice.issuer = issuer;
    c->choice.org = org;
    result = credential_end_key(c, &r, trouble);
    if (r && credential_revoke(c, r, result < 0 ? NULL : trouble) < 0)
        result = -1;
    if (r)
        credential_log(result < 0 ? JOURNAL_FAILED : JOURNAL_REVOKED, r,
                       result < 0 ? trouble : NULL);
    if (r)
        store_remove(&c->store, r);
    c->choice = before;
    if (result < 0)
        *told = false;
    return !r && c->store.unread ? keyring_explain(&c->store.keyring, err) : 0;
}

/* Both locks are held. *told: the service knows of all of it. */
static int
credential_end(struct credential *c, bool all, bool *told,
               struct error *trouble, struct error *err)
{
    struct record *r;

    if (store_load(&c->store, err) < 0 || credential_end_sees(c, all, err) < 0)
        return -1;
    while ((r = credential_to_end(c, all))) {
        if (credential_end_one(c, r, told, trouble, err) < 0 ||
            credential_commit(c, err) < 0)
            return -1;
        if (!all)
            break;
    }
    return 0;
}

enum credential_result
credential_logout(struct credential *c, bool all, struct error *err)
{
    struct error trouble = ERROR_INIT;
    bool told = true;
    int result;

    if (store_load(&c->store, err) < 0 || credential_end_sees(c, all, err) < 0)
        return CREDENTIAL_FAILED;
    if (!credential_to_end(c, all))
        return CREDENTIAL_NONE;
    result = credential_lock(c, false, err);
    c->exempt = true;
    if (result == 0)
        result = credential_end(c, all, &told, &trouble, err);
    c->exempt = false;
    credential_unlock(c);
    if (result < 0)
        return CREDENTIAL_FAILED;
    if (told)
        return CREDENTIAL_OK;
    error_set(err, FAIL_SERVICE, "revoke",
              "signed out on this machine, but the service could not be "
              "told all of it: %.400s",
              trouble.text);
    return CREDENTIAL_FAILED;
}

/* The record of an organization, by id or name. */
static struct record *
credential_named(const struct credential *c, const char *id_or_name)
{
    struct record *r = store_find(&c->store, c->choice.provider,
                                  credential_issuer(c), id_or_name);

    return r ? r : store_find(&c->store, c->choice.provider, NULL, id_or_name);
}

enum credential_result
credential_select(struct credential *c, const char *id_or_name,
                  struct record **record, struct error *err)
{
    enum credential_result result = CREDENTIAL_FAILED;
    char shown[128];

    if (credential_lock(c, false, err) == 0 &&
        credential_find(c, record, err) != CREDENTIAL_FAILED) {
        *record = credential_named(c, id_or_name);
        if (!*record)
            error_set(err, FAIL_INPUT, "usage",
                      "not signed in for the organization %s; see: "
                      "parallel-credential status",
                      text_show(shown, sizeof shown, id_or_name));
        else if (permit_record(c->config, *record, err) == 0 &&
                 store_select(&c->store, *record) == 0 &&
                 credential_commit(c, err) == 0)
            result = CREDENTIAL_OK;
    }
    credential_unlock(c);
    return result;
}

enum credential_result
credential_move(struct credential *c, enum store_kind to, struct error *err)
{
    sigset_t before;
    int result = credential_lock(c, true, err);

    credential_hold_signals(&before);
    if (result == 0)
        result = store_load(&c->store, err);
    if (result == 0)
        result = store_move(&c->store, to, err);
    if (result == 0)
        session_publish(&c->session, &c->store, NULL);
    credential_unlock(c);
    credential_release_signals(&before);
    return result < 0 ? CREDENTIAL_FAILED : CREDENTIAL_OK;
}

/* Forgets the secret where it is current. true when something changed. */
static bool
credential_forget(struct credential *c, struct record *r, const char *secret)
{
    bool key =
        !secret_is_empty(&r->api_key) && secret_equals(&r->api_key, secret);
    bool token =
        !secret_is_empty(&r->access) && secret_equals(&r->access, secret);
    int64_t *erased = key ? &r->key_erased : &r->erased;
    int64_t now = clock_now().real;

    if (!key && !token)
        return false;
    if (*erased <= now && now - *erased < CREDENTIAL_ERASE_PAUSE)
        return false;
    if (key)
        credential_drop_key(c, r);
    else
        secret_release(&r->access);
    *erased = now;
    return true;
}

int
credential_erase(struct credential *c, const char *origin, const char *path,
                 const char *secret, struct error *err)
{
    bool changed = false;
    struct record *r;
    int result = 0;
    size_t at = 0;

    if (store_load(&c->store, err) < 0)
        return -1;
    if (!store_find(&c->store, NULL, NULL, NULL))
        return 0;
    if (credential_lock(c, false, err) < 0 || store_load(&c->store, err) < 0)
        result = -1;
    while (result == 0 && (r = store_next(&c->store, &at))) {
        if (credential_match(c, r, origin, path) != CACHE_USE_NOTHING)
            changed |= credential_forget(c, r, secret);
    }
    if (result == 0 && changed)
        result = credential_commit(c, err);
    credential_unlock(c);
    return result;
}

/* What a sign-in to the chosen provider would bring. */
static struct provider_kept
credential_chosen(const struct credential *c)
{
    const struct provider_settings *s =
        config_provider_settings(c->config, c->choice.provider);

    if (provider_is_builtin(c->choice.provider))
        return config_builtin(c->config);
    return (struct provider_kept){.name = c->choice.provider,
                                  .issuer = c->choice.provider,
                                  .hosts = s ? s->hosts : NULL};
}

enum cache_use
credential_match(const struct credential *c, const struct record *record,
                 const char *origin, const char *path)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    const struct provider_kept kept =
        record ? record_kept(record) : credential_chosen(c);

    if (session_put_addresses(&text, &kept) < 0 ||
        fields_parse(&block, text.data, text.len, false, NULL, NULL) < 0)
        return CACHE_USE_NOTHING;
    return cache_match(&block, origin, path);
}

void
credential_end_replaced(struct credential *c, struct record *r)
{
    credential_revoke(c, r, NULL);
    credential_drop_key(c, r);
    record_release(r);
    free(r);
}

/* A record that holds nothing but a key; of no known organization, if token
 * names none. */
static struct record *
credential_new_key_record(struct credential *c, const struct token *token,
                          struct error *err)
{
    CLEANUP(provider_release) struct provider provider = {0};
    struct provider_kept kept = config_builtin(c->config);
    struct record *fresh = calloc(1, sizeof *fresh), *replaced = NULL;

    kept.scopes = "";
    if (provider_restore(&provider, &kept, NULL, err) < 0 || !fresh ||
        record_init(fresh, &provider, "", token, c->started) < 0) {
        free(fresh);
        return NULL;
    }
    if (store_put(&c->store, fresh, &replaced) < 0)
        return NULL;
    if (replaced)
        credential_end_replaced(c, replaced);
    return fresh;
}

int
credential_set_key(struct credential *c, const char *origin, const char *path,
                   const char *key, struct error *err)
{
    CLEANUP(secret_release) struct secret pasted = SECRET_INIT;
    const struct token nothing = TOKEN_INIT;
    struct record *r = NULL;
    int result = -1;

    if (credential_find(c, &r, err) == CREDENTIAL_FAILED)
        return policy_is_cause(err) &&
                       credential_match(c, NULL, origin, path) != CACHE_USE_KEY
                   ? 0
                   : -1;
    if (credential_match(c, r, origin, path) != CACHE_USE_KEY)
        return 0;
    if (permit_foreign_key(c->config, err) < 0)
        return -1;
    if (credential_lock(c, true, err) == 0 &&
        credential_find(c, &r, err) != CREDENTIAL_FAILED)
        result = 0;
    if (result == 0 && !r)
        r = credential_new_key_record(c, &nothing, err);
    if (result == 0 && r && secret_set(&pasted, key, strlen(key)) == 0) {
        credential_drop_key(c, r);
        result = record_set_key(r, &pasted, "", "", "") < 0
                     ? -1
                     : credential_commit(c, err);
    } else {
        result = -1;
    }
    credential_unlock(c);
    return result;
}

/* The record for an organization, and a new one if there is none yet. */
static struct record *
credential_record_for(struct credential *c, const char *org_id,
                      const char *org_name, struct error *err)
{
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    const char *issuer = c->config->platform_url;
    struct record *selected = store_find(&c->store, NULL, NULL, NULL);
    struct record *r = store_find(&c->store, NULL, issuer, org_id);

    if (r)
        return r;
    token.org_id = strdup(org_id);
    token.org_name = org_name ? strdup(org_name) : NULL;
    if (!token.org_id || (org_name && !token.org_name))
        return NULL;
    r = credential_new_key_record(c, &token, err);
    if (r && selected && store_select(&c->store, selected) < 0)
        return NULL;
    return r;
}

static int
credential_import_locked(struct credential *c, const char *org_id,
                         const char *org_name, struct secret *key,
                         struct error *err)
{
    struct record *r;

    if (store_load(&c->store, err) < 0)
        return -1;
    if (c->store.unread)
        return keyring_explain(&c->store.keyring, err), -1;
    r = credential_record_for(c, org_id, org_name, err);
    if (!r)
        return err->failure
                   ? -1
                   : error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (secret_equals(&r->api_key, secret_text(key)))
        return 0;
    if (!secret_is_empty(&r->api_key))
        return error_set(err, FAIL_INPUT, "api_key_there",
                         "another API key is stored for that organization; "
                         "nothing was imported");
    if (record_set_key(r, key, "", "", "") < 0 ||
        credential_commit(c, err) < 0)
        return -1;
    return 1;
}

int
credential_import_key(struct credential *c, const char *org_id,
                      const char *org_name, const char *key, struct error *err)
{
    CLEANUP(secret_release) struct secret imported = SECRET_INIT;
    int result;

    if (permit_foreign_key(c->config, err) < 0)
        return -1;
    if (secret_set(&imported, key, strlen(key)) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    result = credential_lock(c, true, err);
    if (result == 0)
        result = credential_import_locked(c, org_id, org_name, &imported, err);
    credential_unlock(c);
    return result;
}
