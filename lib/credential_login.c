/*
 * credential_login.c - device authorization, from the client id to the kept
 * record.
 */
#include "lib/credential.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/credential_parts.h"
#include "lib/oauth/register.h"
#include "lib/oauth/revoke.h"
#include "lib/permit.h"

/* A poll that takes longer than this is asked again: ms. */
#define CREDENTIAL_POLL_LIMIT 10000

struct http_options
credential_bound(const struct credential *c, int64_t end)
{
    struct http_options http = c->http;
    int64_t left = end - clock_now().boot;

    if (end && left < http.timeout_ms)
        http.timeout_ms = left > 1 ? left : 1;
    return http;
}

int
credential_check_issuer(const struct credential *c,
                        const struct provider *provider, struct error *err)
{
    const struct record *r;
    size_t at = 0;

    while ((r = store_next(&c->store, &at)))
        if (strcmp(r->issuer, provider->issuer) == 0 &&
            strcmp(r->provider, provider->name) != 0)
            return error_set(err, FAIL_INPUT, "issuer",
                             "a credential of the same issuer is stored for "
                             "the provider %s; end that first, with: "
                             "parallel-credential logout --provider %s",
                             r->provider, r->provider);
    return 0;
}

/*
 * The client id of this installation: the administrator's, the stored one,
 * or, when there is none or renew is wanted, one that is registered now and
 * kept for good. That the store can be written is seen here, before anything
 * is asked.
 */
static enum oauth_result
credential_client_id(struct credential *c, const struct provider *provider,
                     bool renew, int64_t end, char **id, struct error *err)
{
    struct http_options http;
    const char *known;
    enum oauth_result result = OAUTH_FAILED;

    if (credential_lock(c, true, err) < 0 || store_load(&c->store, err) < 0 ||
        store_prepare(&c->store, true, err) < 0) {
        credential_unlock(c);
        return OAUTH_FAILED;
    }
    if (credential_check_issuer(c, provider, err) < 0) {
        credential_unlock(c);
        return OAUTH_FAILED;
    }
    known = provider->client_id;
    if (!known && !renew)
        known = store_client_id(&c->store, provider_client_key(provider));
    if (known) {
        *id = strdup(known);
        result = *id ? OAUTH_OK : OAUTH_FAILED;
    } else {
        http = credential_bound(c, end);
        result = register_client(&http, provider, id, err);
        if (result == OAUTH_OK &&
            (store_set_client_id(&c->store, provider_client_key(provider),
                                 *id) < 0 ||
             store_commit(&c->store, err) < 0))
            result = OAUTH_FAILED;
    }
    credential_unlock(c);
    return result;
}

static enum oauth_result
credential_ask_code(struct credential *c, struct pending *pending, int64_t end,
                    struct error *err)
{
    struct http_options http = credential_bound(c, end);

    return device_start(&http, &pending->provider, pending->client_id,
                        pending->provider.scopes, &pending->code, err);
}

/* Client id and device code; a client id that the service has forgotten is
 * registered anew, once, if it was ours to choose. */
static enum credential_result
credential_begin_at(struct credential *c, struct provider *provider,
                    int64_t end, struct pending *pending, struct error *err)
{
    enum oauth_result result;

    *pending = (struct pending){.provider = *provider};
    *provider = (struct provider){0};
    result = credential_client_id(c, &pending->provider, false, end,
                                  &pending->client_id, err);
    if (result == OAUTH_OK)
        result = credential_ask_code(c, pending, end, err);
    if (result == OAUTH_INVALID_CLIENT && !pending->provider.client_id) {
        free(pending->client_id);
        pending->client_id = NULL;
        result = credential_client_id(c, &pending->provider, true, end,
                                      &pending->client_id, err);
        if (result == OAUTH_OK)
            result = credential_ask_code(c, pending, end, err);
    }
    pending->ends = clock_now().real + pending->code.expires_in_ms;
    if (result == OAUTH_OK)
        return CREDENTIAL_OK;
    credential_log_trouble(c, pending->provider.issuer, err);
    pending_release(pending);
    return CREDENTIAL_FAILED;
}

enum credential_result
credential_begin(struct credential *c, const char *scope, int64_t limit_ms,
                 struct pending *pending, struct error *err)
{
    CLEANUP(provider_release) struct provider provider = {0};
    int64_t end = limit_ms ? clock_now().boot + limit_ms : 0;

    *pending = (struct pending){0};
    if (credential_login_provider(c, scope, WAY_DEVICE, end, &provider, err) <
        0)
        return CREDENTIAL_FAILED;
    return credential_begin_at(c, &provider, end, pending, err);
}

/* A key that was pasted before anybody signed in moves to the new record. */
static void
credential_adopt_key(struct credential *c, struct record *fresh,
                     struct record *from)
{
    if (!from || !secret_is_empty(&fresh->api_key))
        return;
    if (record_set_key(fresh, &from->api_key, from->api_key_app,
                       from->api_key_id, from->api_key_name) < 0)
        return;
    record_forget_key(from);
    if (secret_is_empty(&from->access) && secret_is_empty(&from->refresh) &&
        from != fresh)
        store_remove(&c->store, from);
}

/* The new record is the one that counts; but what another provider has brought
 * does not take that place from Parallel's. */
static int
credential_put(struct credential *c, struct record *fresh, struct record **old)
{
    struct record *selected = store_find(&c->store, NULL, NULL, NULL);

    if (store_put(&c->store, fresh, old) < 0)
        return -1;
    if (provider_is_builtin(fresh->provider) || !selected || selected == *old)
        return 0;
    return store_select(&c->store, selected);
}

static int
credential_keep_new(struct credential *c, const struct provider *provider,
                    const char *client_id, const struct token *token,
                    struct moment asked, struct record **record,
                    struct secret *replaced, struct error *err)
{
    struct record *fresh = calloc(1, sizeof *fresh), *old = NULL;
    bool ended;

    if (!fresh || record_init(fresh, provider, client_id, token, asked) < 0 ||
        (provider->grants_key && record_turn_to_key(fresh) < 0)) {
        if (fresh)
            record_release(fresh);
        free(fresh);
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    }
    if (credential_lock(c, true, err) < 0 || store_load(&c->store, err) < 0) {
        credential_unlock(c);
        record_release(fresh);
        free(fresh);
        return -1;
    }
    ended = store_is_ended(&c->store, fresh->issuer, fresh->org_id);
    if (credential_put(c, fresh, &old) < 0) {
        credential_unlock(c);
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    }
    if (old) {
        secret_move(replaced, &old->refresh);
        if (!ended)
            credential_adopt_key(c, fresh, old);
        if (ended || provider->grants_key)
            credential_drop_key(c, old); /* made here, and of no more use */
        record_release(old);
        free(old);
    }
    /* A key that was pasted does not tell whose it is. */
    if (*fresh->org_id && !permit_asks_organization(c->config))
        credential_adopt_key(c, fresh,
                             store_find(&c->store, NULL, fresh->issuer, ""));
    if (credential_commit(c, err) < 0) {
        credential_unlock(c);
        return -1;
    }
    credential_unlock(c);
    credential_log(JOURNAL_AUTHORIZED, fresh, NULL);
    *record = fresh;
    return 0;
}

/* What cannot be kept, nobody shall have. */
int
credential_keep(struct credential *c, const struct provider *provider,
                const char *client_id, const struct token *token,
                struct moment asked, struct record **record, struct error *err)
{
    CLEANUP(secret_release) struct secret replaced = SECRET_INIT;
    int result = credential_keep_new(c, provider, client_id, token, asked,
                                     record, &replaced, err);
    const struct secret *end = result < 0 ? &token->refresh : &replaced;

    if (!secret_is_empty(end))
        revoke_refresh_token(&c->http, provider, client_id, end, NULL);
    return result;
}

/* One poll and, if it brought a token, keeping it: no signal in between. */
static enum oauth_result
credential_poll_once(struct credential *c, struct pending *pending,
                     struct record **record, struct error *err)
{
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    const struct provider *provider = &pending->provider;
    const char *id = pending->client_id;
    struct http_options http = c->http;
    struct moment asked = clock_now();
    enum oauth_result result;
    bool maybe_done = false;
    sigset_t before;

    if (http.timeout_ms > CREDENTIAL_POLL_LIMIT)
        http.timeout_ms = CREDENTIAL_POLL_LIMIT;
    credential_hold_signals(&before);
    result = device_poll(&http, provider, id, &pending->code, &token,
                         &maybe_done, err);
    if (result == OAUTH_FAILED && maybe_done)
        text_show(pending->lost, sizeof pending->lost, err->text);
    if (result == OAUTH_OK &&
        (credential_check_approval(c, provider, id, &token, err) < 0 ||
         credential_keep(c, provider, id, &token, asked, record, err) < 0)) {
        text_show(pending->lost, sizeof pending->lost, err->text);
        result = OAUTH_REFUSED;
    }
    credential_release_signals(&before);
    return result;
}

/* The code has been used up, or has run out. An answer before that may have
 * been the approval. */
static int
credential_poll_over(const struct pending *pending, struct error *err)
{
    return pending->lost[0]
               ? error_context(err,
                               "the answer that may have been the approval "
                               "was of no use (%s); sign in again",
                               pending->lost)
               : error_context(err, "the service no longer knows this code; "
                                    "sign in again");
}

/* If the last answer was of no use, perhaps none was. */
static void
credential_poll_ran_out(enum oauth_result result, struct error *err)
{
    char why[256] = "";

    if (result == OAUTH_FAILED)
        text_show(why, sizeof why, err->text);
    error_set(err, FAIL_TIMEOUT, "expired_token",
              "the code has run out without an approval%s%s%s; run: "
              "parallel-credential login",
              *why ? "; the last answer was of no use (" : "", why,
              *why ? ")" : "");
}

static enum credential_approval
credential_poll_judged(struct credential *c, struct pending *pending,
                       struct record **record, struct error *err)
{
    enum oauth_result result = credential_poll_once(c, pending, record, err);

    pending->next_poll = clock_now().real + pending->code.interval_ms;
    switch (result) {
    case OAUTH_OK:
        return APPROVAL_GRANTED;
    case OAUTH_PENDING:
    case OAUTH_SLOW_DOWN:
    case OAUTH_FAILED: /* trouble on the way: the code is still good */
        /* The last answer comes behind the end, from the service. */
        if (clock_now().boot < pending->code.ends_boot)
            return APPROVAL_PENDING;
        break;
    case OAUTH_EXPIRED:
        break;
    case OAUTH_DENIED:
        error_set(err, FAIL_AUTH, "access_denied",
                  "the request was refused; nothing has changed");
        return APPROVAL_DENIED;
    case OAUTH_INVALID_GRANT:
        credential_poll_over(pending, err);
        return APPROVAL_FAILED;
    case OAUTH_INVALID_CLIENT:
    case OAUTH_REFUSED:
        return APPROVAL_FAILED;
    }
    credential_poll_ran_out(result, err);
    return APPROVAL_EXPIRED;
}

enum credential_approval
credential_poll(struct credential *c, struct pending *pending,
                struct record **record, struct error *err)
{
    enum credential_approval approval =
        credential_poll_judged(c, pending, record, err);

    if (approval != APPROVAL_GRANTED && approval != APPROVAL_PENDING)
        credential_log_trouble(c, pending->provider.issuer, err);
    return approval;
}

enum credential_result
credential_login(struct credential *c, struct provider *provider,
                 const struct credential_dialog *dialog,
                 struct record **record, struct error *err)
{
    CLEANUP(pending_release) struct pending pending = {0};

    if (credential_begin_at(c, provider, 0, &pending, err) != CREDENTIAL_OK)
        return CREDENTIAL_FAILED;
    dialog->show(dialog->context, &pending.code);
    for (;;) {
        switch (credential_poll(c, &pending, record, err)) {
        case APPROVAL_GRANTED:
            return CREDENTIAL_OK;
        case APPROVAL_PENDING:
            break;
        default:
            return CREDENTIAL_FAILED;
        }
        if (dialog->wait(dialog->context, &pending.code,
                         pending.code.interval_ms, err) != 0)
            return CREDENTIAL_FAILED;
    }
}
