/*
 * credential_web.c - a login in the browser of this machine, from the listener
 * to the kept credential.
 *
 *   the store can be written? ── no ──► nothing is begun
 *    yes
 *    ├─ the web program listens: redirect address, state, challenge
 *    ├─ the redirect address is registered, if there is no client id
 *    ├─ the person consents in the browser, which brings the code
 *    ├─ code and verifier for tokens, or for Parallel's API key: no signal in
 *    │  between, and they are kept
 *    └─ the browser shows how that went
 */
#include "lib/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/web.h"
#include "lib/credential_parts.h"
#include "lib/oauth/code.h"
#include "lib/oauth/register.h"
#include "lib/permit.h"
#include "lib/web.h"

/* As long as a device code lives as a rule. */
#define BROWSER_SECONDS 600

struct browser_login {
    struct web web;
    const struct provider *provider; /* not owned */
    char *client_id;
    char *redirect_uri;
    char *open_uri;
    struct secret address;
};

static void
browser_login_release(struct browser_login *login)
{
    web_release(&login->web);
    free(login->client_id);
    free(login->redirect_uri);
    free(login->open_uri);
    secret_release(&login->address);
}

/* Before anybody is asked for anything. */
static int
browser_check_store(struct credential *c, const struct provider *provider,
                    struct error *err)
{
    int result = credential_lock(c, true, err);

    if (result == 0)
        result = store_load(&c->store, err);
    if (result == 0)
        result = store_prepare(&c->store, true, err);
    if (result == 0)
        result = credential_check_issuer(c, provider, err);
    store_discard(&c->store);
    credential_unlock(c);
    return result;
}

/* ---- the address ----------------------------------------------------------
 */

static int
browser_listen(struct browser_login *login, struct error *err)
{
    const struct provider *provider = login->provider;
    const struct web_request request = {
        .issuer = provider_iss(provider),
        .service = provider_title(provider->name),
        .redirect = provider->redirect_uri,
        .iss_required = provider->iss_required,
        .seconds = BROWSER_SECONDS,
    };

    if (web_start(&login->web, &request, err) < 0)
        return -1;
    login->redirect_uri = strdup(web_said(&login->web, "redirect_uri"));
    login->open_uri = strdup(web_said(&login->web, "open_uri"));
    if (!login->redirect_uri || !login->open_uri)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

/* An id that is given by hand; else one for this redirect address. */
static int
browser_get_client_id(struct credential *c, struct browser_login *login,
                      struct error *err)
{
    const char *known = login->provider->client_id;

    if (!known)
        return register_redirect(&c->http, login->provider,
                                 login->redirect_uri, &login->client_id,
                                 err) == OAUTH_OK
                   ? 0
                   : -1;
    login->client_id = strdup(known);
    return login->client_id
               ? 0
               : error_set(err, FAIL_SERVICE, "memory", "out of memory");
}

static int
browser_begin(struct credential *c, struct browser_login *login,
              struct error *err)
{
    const struct provider *provider = login->provider;
    struct code_request request;

    if (browser_check_store(c, provider, err) < 0 ||
        browser_listen(login, err) < 0 ||
        browser_get_client_id(c, login, err) < 0)
        return -1;
    request = (struct code_request){
        login->client_id, login->redirect_uri, provider->scopes,
        web_said(&login->web, "state"),
        provider->pkce ? web_said(&login->web, "code_challenge") : NULL};
    if (code_address(provider, &request, &login->address, err) < 0)
        return -1;
    return web_send_address(&login->web, secret_text(&login->address), err);
}

/* ---- what came back -------------------------------------------------------
 */

/* The browser brought an error (RFC 6749 section 4.1.2.1). */
static int
browser_refuse(const struct web *web, struct error *err)
{
    const char *error = fields_text(&web->said, "error");
    const char *said = fields_text(&web->said, "error_description");
    bool trouble = strcmp(error, "server_error") == 0 ||
                   strcmp(error, "temporarily_unavailable") == 0;
    char id[32];

    if (strcmp(error, "access_denied") == 0)
        return error_set(err, FAIL_AUTH, error,
                         "the request was refused; nothing has changed");
    if (strcmp(error, WEB_WRONG_ISSUER) == 0)
        return error_set(err, FAIL_AUTH, error,
                         "the browser brought the answer of another "
                         "authorization server; nothing has changed");
    return error_set(err, trouble ? FAIL_SERVICE : FAIL_AUTH,
                     text_show(id, sizeof id, error),
                     "the service refused in the browser: %s%s%s%s", error,
                     *said ? " (" : "", said, *said ? ")" : "");
}

/* The record that gets the key: the one of its organization, or a new one,
 * which has no token. */
static struct record *
browser_record(struct credential *c, const struct browser_login *login,
               const struct token *token, struct error *err)
{
    struct record *r = store_find(&c->store, NULL, login->provider->issuer,
                                  token->org_id ? token->org_id : "");
    struct record *replaced = NULL;

    if (r)
        return store_select(&c->store, r) == 0 ? r : NULL;
    r = calloc(1, sizeof *r);
    if (!r || record_init(r, login->provider, login->client_id, token,
                          clock_now()) < 0) {
        if (r)
            record_release(r);
        free(r);
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return NULL;
    }
    if (store_put(&c->store, r, &replaced) < 0)
        return NULL;
    if (replaced)
        credential_end_replaced(c, replaced);
    return r;
}

static int
browser_keep_locked(struct credential *c, const struct browser_login *login,
                    struct token *token, struct record **record,
                    struct error *err)
{
    CLEANUP(secret_release) struct secret key = SECRET_INIT;
    struct record *r;

    secret_move(&key, &token->access);
    secret_release(&token->refresh);
    if (store_load(&c->store, err) < 0)
        return -1;
    r = browser_record(c, login, token, err);
    if (!r)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    credential_drop_key(c, r);
    r->key_erased = 0;
    if (record_set_key(r, &key, "", RECORD_KEY_GRANTED, "") < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    *record = r;
    if (credential_commit(c, err) < 0)
        return -1;
    credential_log(JOURNAL_AUTHORIZED, r, NULL);
    return 0;
}

/* The access token that was granted is an API key. */
static int
browser_keep_key(struct credential *c, const struct browser_login *login,
                 struct token *token, struct record **record,
                 struct error *err)
{
    int result = credential_lock(c, true, err);

    if (result == 0)
        result = browser_keep_locked(c, login, token, record, err);
    credential_unlock(c);
    if (result < 0)
        error_context(err, "the API key could not be kept; if you made a new "
                           "one for this, delete it on the service's web "
                           "page");
    return result;
}

/* What was perhaps granted, and did not get here. */
static const char *
browser_loss(const struct browser_login *login, bool maybe_done)
{
    if (!maybe_done)
        return "the service did not take what the browser brought; sign in "
               "again";
    if (login->provider->grants_key)
        return "the answer was lost, or of no use; if you made a new API key "
               "for this, delete it on the service's web page; then sign in "
               "again";
    return "the answer was lost, or of no use; sign in again";
}

static int
browser_exchange(struct credential *c, const struct browser_login *login,
                 struct record **record, struct error *err)
{
    CLEANUP(secret_release) struct secret code = SECRET_INIT;
    CLEANUP(secret_release) struct secret verifier = SECRET_INIT;
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    const struct provider *provider = login->provider;
    const struct code_grant grant = {login->client_id, login->redirect_uri,
                                     &code, &verifier};
    struct moment asked = clock_now();
    bool maybe_done;

    if (secret_append_text(&code, fields_text(&login->web.said, "code")) < 0 ||
        (provider->pkce &&
         secret_append_text(
             &verifier, fields_text(&login->web.said, "code_verifier")) < 0))
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (code_exchange(&c->http, provider, &grant, &token, &maybe_done, err) !=
        OAUTH_OK)
        return error_context(err, "%s", browser_loss(login, maybe_done));
    if (credential_check_approval(c, provider, login->client_id, &token, err) <
        0)
        return -1;
    return provider->grants_key
               ? browser_keep_key(c, login, &token, record, err)
               : credential_keep(c, provider, login->client_id, &token, asked,
                                 record, err);
}

static int
browser_finish(struct credential *c, struct browser_login *login,
               struct record **record, struct error *err)
{
    sigset_t before;
    int result;

    if (web_receive(&login->web, err) < 0)
        return -1;
    if (!web_said(&login->web, "code")) {
        result = browser_refuse(&login->web, err);
    } else {
        credential_hold_signals(&before);
        result = browser_exchange(c, login, record, err);
        credential_release_signals(&before);
    }
    web_end(&login->web, result == 0);
    return result;
}

enum credential_result
credential_login_web(struct credential *c, const struct provider *provider,
                     const struct credential_web_dialog *dialog,
                     struct record **record, struct error *err)
{
    CLEANUP(browser_login_release)
    struct browser_login login = {.web = WEB_INIT, .provider = provider};
    struct credential_browser browser;

    if (browser_begin(c, &login, err) < 0) {
        credential_log_trouble(c, provider->issuer, err);
        return CREDENTIAL_FAILED;
    }
    browser = (struct credential_browser){
        secret_text(&login.address), login.redirect_uri, login.open_uri,
        BROWSER_SECONDS * 1000, clock_now().boot + BROWSER_SECONDS * 1000};
    dialog->show(dialog->context, &browser);
    if (dialog->wait(dialog->context, &browser, login.web.socket, err) != 0 ||
        browser_finish(c, &login, record, err) < 0) {
        credential_log_trouble(c, provider->issuer, err);
        return CREDENTIAL_FAILED;
    }
    return CREDENTIAL_OK;
}
