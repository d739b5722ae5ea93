/*
 * credential_login.c - device authorization, from the client id to the kept
 * record.
 */
#include "lib/credential.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/credential_parts.h"
#include "lib/oauth/register.h"
#include "lib/oauth/revoke.h"

/* A poll that takes longer than this is asked again: ms. */
#define CREDENTIAL_POLL_LIMIT 10000

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
    result =
        device_start(&c->http, provider, *id, provider->scopes, code, err);
    if (result != OAUTH_INVALID_CLIENT || c->config->client_id)
        return result;
    free(*id);
    *id = NULL;
    result = credential_client_id(c, provider, true, id, err);
    if (result != OAUTH_OK)
        return result;
    return device_start(&c->http, provider, *id, provider->scopes, code, err);
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
        credential_adopt_key(c, fresh,
                             store_find(&c->store, NULL, fresh->issuer, ""));
    if (credential_commit(c, err) < 0) {
        credential_unlock(c);
        return -1;
    }
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
    result = device_poll(&http, provider, client_id, code, &token, &maybe_done,
                         err);
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
