/*
 * credential_web.c - a login in the browser of this machine, from the listener
 * to the kept key.
 *
 *   the store can be written? ── no ──► nothing is begun
 *    yes
 *    ├─ the web program listens: redirect address, state, challenge
 *    ├─ the redirect address is registered
 *    ├─ the person consents in the browser, which brings the code
 *    ├─ code and verifier for a key, no signal in between: it is kept
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
#include "lib/web.h"

/* As long as a device code lives as a rule. */
#define BROWSER_SECONDS 600

struct browser_login {
    struct web web;
    struct provider provider;
    char *client_id;
    char *redirect_uri;
    char *open_uri;
    struct secret address;
};

static void
browser_login_release(struct browser_login *login)
{
    web_release(&login->web);
    provider_release(&login->provider);
    free(login->client_id);
    free(login->redirect_uri);
    free(login->open_uri);
    secret_release(&login->address);
}

/* Before anybody is asked for anything. */
static int
browser_check_store(struct credential *c, struct error *err)
{
    int result = credential_lock(c, true, err);

    if (result == 0)
        result = store_load(&c->store, err);
    if (result == 0)
        result = store_prepare(&c->store, true, err);
    store_discard(&c->store);
    credential_unlock(c);
    return result;
}

/* ---- the address ----------------------------------------------------------
 */

static int
browser_listen(struct browser_login *login, struct error *err)
{
    const struct web_request request = {
        .issuer = login->provider.issuer,
        .service = "Parallel",
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

static int
browser_begin(struct credential *c, const char *scope,
              struct browser_login *login, struct error *err)
{
    const struct config *config = c->config;
    struct code_request request;

    if (provider_init_parallel_keys(&login->provider, config->platform_url,
                                    config->service_api_url, config->api_url,
                                    scope, err) < 0 ||
        browser_check_store(c, err) < 0 || browser_listen(login, err) < 0 ||
        register_redirect(&c->http, &login->provider, login->redirect_uri,
                          &login->client_id, err) != OAUTH_OK)
        return -1;
    request = (struct code_request){login->client_id, login->redirect_uri,
                                    login->provider.scopes,
                                    web_said(&login->web, "state"),
                                    web_said(&login->web, "code_challenge")};
    if (code_address(&login->provider, &request, &login->address, err) < 0)
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
    struct record *r = store_find(&c->store, NULL, login->provider.issuer,
                                  token->org_id ? token->org_id : "");
    struct record *replaced = NULL;

    if (r)
        return store_select(&c->store, r) == 0 ? r : NULL;
    r = calloc(1, sizeof *r);
    if (!r || record_init(r, &login->provider, login->client_id, token,
                          clock_now()) < 0) {
        free(r);
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return NULL;
    }
    return store_put(&c->store, r, &replaced) == 0 ? r : NULL;
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
    return credential_commit(c, err);
}

/* The access token that was granted is an API key. */
static int
browser_keep(struct credential *c, const struct browser_login *login,
             struct token *token, struct record **record, struct error *err)
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

static int
browser_exchange(struct credential *c, const struct browser_login *login,
                 struct record **record, struct error *err)
{
    CLEANUP(secret_release) struct secret code = SECRET_INIT;
    CLEANUP(secret_release) struct secret verifier = SECRET_INIT;
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    const struct code_grant grant = {login->client_id, login->redirect_uri,
                                     &code, &verifier};
    enum oauth_result result;
    bool maybe_done;

    if (secret_append_text(&code, fields_text(&login->web.said, "code")) < 0 ||
        secret_append_text(&verifier,
                           fields_text(&login->web.said, "code_verifier")) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    result = code_exchange(&c->http, &login->provider, &grant, &token,
                           &maybe_done, err);
    if (result == OAUTH_OK)
        return browser_keep(c, login, &token, record, err);
    return error_context(
        err, maybe_done ? "the answer was lost; if you made a new API key for "
                          "this, delete it on the service's web page; then "
                          "sign in again"
                        : "the service did not take what the browser brought; "
                          "sign in again");
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
credential_login_web(struct credential *c, const char *scope,
                     const struct credential_web_dialog *dialog,
                     struct record **record, struct error *err)
{
    CLEANUP(browser_login_release)
    struct browser_login login = {.web = WEB_INIT};
    struct credential_browser browser;

    if (browser_begin(c, scope, &login, err) < 0)
        return CREDENTIAL_FAILED;
    browser = (struct credential_browser){
        secret_text(&login.address), login.open_uri, BROWSER_SECONDS * 1000,
        clock_now().boot + BROWSER_SECONDS * 1000};
    dialog->show(dialog->context, &browser);
    if (dialog->wait(dialog->context, &browser, login.web.socket, err) != 0 ||
        browser_finish(c, &login, record, err) < 0)
        return CREDENTIAL_FAILED;
    return CREDENTIAL_OK;
}
