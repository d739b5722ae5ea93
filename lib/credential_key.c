/*
 * credential_key.c - the API key of a credential: made, used, given back.
 *
 *   key wanted
 *    ├─ stored? ── yes ──► that one
 *    no
 *    ├─ both locks, read again, a fresh access token
 *    ├─ the app of the configured name: found, or made if that is allowed
 *    ├─ its name goes to the disk: a key of this name may come to be
 *    ├─ ask for it
 *    └─ keep the key; then forget that name
 *
 * The service shows a key once and lists none. So whatever ends us in
 * between, the name of the key that nobody has is on the disk, for a person
 * to delete.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/account/app.h"
#include "lib/account/key.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/credential.h"
#include "lib/credential_parts.h"

/* ---- calls --------------------------------------------------------------
 */

static struct account
credential_account_of(const struct credential *c, const struct record *r)
{
    return (struct account){&c->http, r->service_url, &r->access};
}

enum credential_result
credential_call(struct credential *c, credential_ask ask, void *context,
                struct error *err)
{
    struct record *r = NULL;
    enum credential_result result =
        credential_token(c, CREDENTIAL_FRESH, 0, &r, err);
    enum account_result answer;

    if (result == CREDENTIAL_OK && !*r->service_url) {
        error_set(err, FAIL_INPUT, "provider", "%s has no Account API",
                  provider_title(r->provider));
        return CREDENTIAL_FAILED;
    }
    if (result != CREDENTIAL_OK)
        return result;
    struct account account = credential_account_of(c, r);
    answer = ask(context, &account, err);
    if (answer == ACCOUNT_UNAUTHORIZED &&
        credential_token(c, CREDENTIAL_NEW, 0, &r, err) == CREDENTIAL_OK) {
        account = credential_account_of(c, r);
        answer = ask(context, &account, err);
    }
    return answer == ACCOUNT_OK ? CREDENTIAL_OK : CREDENTIAL_FAILED;
}

/* The same where both locks are held. *r is read anew if need be. */
static enum account_result
credential_call_locked(struct credential *c, struct record **r,
                       credential_ask ask, void *context, struct error *err)
{
    struct account account = credential_account_of(c, *r);
    enum account_result answer = ask(context, &account, err);

    if (answer != ACCOUNT_UNAUTHORIZED ||
        credential_token_locked(c, CREDENTIAL_NEW, 0, r, err) != CREDENTIAL_OK)
        return answer;
    account = credential_account_of(c, *r);
    return ask(context, &account, err);
}

/* ---- the app ------------------------------------------------------------
 */

struct credential_app {
    const char *name;
    const char *org_id;
    bool may_create;
    char *id;
};

static enum account_result
credential_ask_app(void *context, const struct account *account,
                   struct error *err)
{
    struct credential_app *wanted = context;
    CLEANUP(apps_release) struct apps apps = {NULL, 0};
    enum account_result result = app_list(account, &apps, err);
    const struct app *app;
    char name[128];

    if (result != ACCOUNT_OK)
        return result;
    app = app_find(&apps, wanted->name, wanted->org_id);
    if (app) {
        wanted->id = strdup(app->id);
        return wanted->id ? ACCOUNT_OK : ACCOUNT_FAILED;
    }
    if (wanted->may_create)
        return app_create(account, wanted->name, &wanted->id, err);
    error_set(err, FAIL_AUTH, "no_app",
              "there is no app \"%s\" for an API key; set api_key_app to one "
              "that there is, or sign in with the scope apps:create",
              text_show(name, sizeof name, wanted->name));
    return ACCOUNT_REFUSED;
}

/* ---- making a key -------------------------------------------------------
 */

static const char *
credential_user_name(void)
{
    const struct passwd *pw = getpwuid(geteuid());

    return pw && pw->pw_name ? pw->pw_name : "";
}

/* A name by which a person knows this machine and user, and no two keys. */
static void
credential_key_name(char *out, size_t size)
{
    char user[64], host[96], when[32];
    time_t now = time(NULL);
    struct utsname name;
    uint16_t unique = 0;
    struct tm parts;

    text_show(user, sizeof user, credential_user_name());
    text_show(host, sizeof host, uname(&name) == 0 ? name.nodename : "");
    gmtime_r(&now, &parts);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &parts);
    /* Two in one second shall have two names. */
    if (getrandom(&unique, sizeof unique, GRND_NONBLOCK) < 0)
        unique = (uint16_t)getpid();
    snprintf(out, size, "parallel-credential %s@%s %s %04x", user, host, when,
             unique);
}

struct credential_mint {
    const char *app_id;
    const char *name;
    struct key *key;
    bool maybe_done;
};

static enum account_result
credential_ask_key(void *context, const struct account *account,
                   struct error *err)
{
    struct credential_mint *mint = context;

    return key_create(account, mint->app_id, mint->name, mint->key,
                      &mint->maybe_done, err);
}

static int
credential_remember(struct credential *c, const struct record *r,
                    const char *app_id, const char *id, const char *name,
                    enum made_state state)
{
    const struct made_key made = {r->issuer,  r->org_id,    (char *)app_id,
                                  (char *)id, (char *)name, state};

    return made_keys_put(&c->store.made, &made);
}

/* What has been made shall not live on where nobody has it. */
static void
credential_give_back(struct credential *c, const struct record *r,
                     const struct key *key)
{
    struct account account = credential_account_of(c, r);

    if (key_delete(&account, key->app_id, key->id, NULL) == ACCOUNT_OK)
        made_keys_drop(&c->store.made, key->name, key->id);
}

/* The key is here: into the record, on the disk, and then its name out of
 * the list of those that nobody has. */
static enum credential_result
credential_keep_key(struct credential *c, struct record *r, struct key *key,
                    struct error *err)
{
    if (record_set_key(r, &key->raw, key->app_id, key->id, key->name) < 0 ||
        credential_remember(c, r, key->app_id, key->id, key->name,
                            MADE_UNWANTED) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return CREDENTIAL_FAILED;
    }
    if (store_commit(&c->store, err) < 0) {
        credential_give_back(c, r, key);
        record_forget_key(r);
        error_context(err, "the API key could not be kept");
        return CREDENTIAL_FAILED;
    }
    /* What is parked may end with the session, and the service has the key
     * still; without an id nobody can delete it but a person. */
    if (r->place != RECORD_PARKED && *key->id) {
        made_keys_drop(&c->store.made, key->name, key->id);
        credential_commit(c, NULL);
    }
    return CREDENTIAL_OK;
}

/* The answer to the request for a key. */
static enum credential_result
credential_take_key(struct credential *c, struct record *r,
                    enum account_result answer, struct credential_mint *mint,
                    struct error *err)
{
    if (answer == ACCOUNT_OK)
        return credential_keep_key(c, r, mint->key, err);
    if (!mint->maybe_done) {
        made_keys_drop(&c->store.made, mint->name, "");
        credential_commit(c, NULL);
    } else {
        error_context(err,
                      "the answer was lost; an API key \"%s\" may have been "
                      "made, which nobody has: delete it on the service's "
                      "web page",
                      mint->name);
    }
    return CREDENTIAL_FAILED;
}

/* Both locks are held, and no signal ends us. */
static enum credential_result
credential_mint_key(struct credential *c, struct record **r,
                    const char *app_id, struct error *err)
{
    CLEANUP(key_release) struct key key = KEY_INIT;
    char name[256];
    struct credential_mint mint = {app_id, name, &key, false};
    enum account_result answer;

    credential_key_name(name, sizeof name);
    if (credential_remember(c, *r, app_id, "", name, MADE_LOST) < 0 ||
        credential_commit(c, err) < 0 ||
        store_prepare(&c->store, true, err) < 0)
        return CREDENTIAL_FAILED;
    answer = credential_call_locked(c, r, credential_ask_key, &mint, err);
    return credential_take_key(c, *r, answer, &mint, err);
}

/* ---- deleting keys ------------------------------------------------------
 */

struct credential_end {
    const char *app_id;
    const char *id;
};

static enum account_result
credential_ask_end(void *context, const struct account *account,
                   struct error *err)
{
    const struct credential_end *end = context;
    enum account_result result =
        key_delete(account, end->app_id, end->id, err);

    return result == ACCOUNT_MISSING ? ACCOUNT_OK : result;
}

/* Delete what an earlier attempt has left behind. */
static void
credential_delete_unwanted(struct credential *c, struct record **r)
{
    struct made_keys *made = &c->store.made;
    bool changed = false;

    for (size_t i = made->count; i-- > 0;) {
        struct made_key *key = &made->item[i];
        struct credential_end end = {key->app_id, key->id};

        if (key->state != MADE_UNWANTED || !*key->id ||
            strcmp(key->issuer, (*r)->issuer) != 0 ||
            strcmp(key->org, (*r)->org_id) != 0)
            continue;
        if (strcmp(key->id, (*r)->api_key_id) != 0) {
            struct account account = credential_account_of(c, *r);
            if (credential_ask_end(&end, &account, NULL) != ACCOUNT_OK)
                return;
        }
        made_keys_drop(made, key->name, key->id);
        changed = true;
    }
    if (changed)
        credential_commit(c, NULL);
}

int
credential_end_key(struct credential *c, struct record **r, struct error *err)
{
    const struct record *old = *r;
    CLEANUP(key_release)
    struct key key = {strdup(old->api_key_id), strdup(old->api_key_app),
                      strdup(old->api_key_name), SECRET_INIT};
    struct credential_end end = {key.app_id, key.id};
    enum credential_result result = CREDENTIAL_OK;

    if (!key.id || !key.app_id || !key.name)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (!*key.name)
        return 0; /* none, or not ours to delete */
    if (!*key.id)
        return error_set(err, FAIL_SERVICE, "reply",
                         "the API key \"%s\" could not be deleted, for the "
                         "service did not tell its id; delete it on the "
                         "service's web page",
                         key.name);
    if (!record_is_fresh(old, clock_now(), 0))
        result = credential_token_locked(c, CREDENTIAL_FRESH, 0, r, err);
    if (result == CREDENTIAL_OK &&
        credential_call_locked(c, r, credential_ask_end, &end, err) ==
            ACCOUNT_OK) {
        credential_delete_unwanted(c, r);
        return 0;
    }
    *r = store_find(&c->store, c->choice.provider, c->choice.issuer,
                    c->choice.org);
    if (*r)
        credential_remember(c, *r, key.app_id, key.id, key.name,
                            MADE_UNWANTED);
    return error_context(err,
                         "the API key \"%s\" could not be deleted; "
                         "delete it on the service's web page",
                         key.name);
}

void
credential_drop_key(struct credential *c, struct record *r)
{
    if (*r->api_key_id && *r->api_key_app)
        credential_remember(c, r, r->api_key_app, r->api_key_id,
                            r->api_key_name, MADE_UNWANTED);
    record_forget_key(r);
}

/* ---- the key ------------------------------------------------------------
 */

/* Whether one may be made. Not 0: no, and err says why. */
static int
credential_may_mint(const struct credential *c, const struct record *r,
                    struct error *err)
{
    if (!*r->service_url)
        return error_set(err, FAIL_AUTH, "no_api_key",
                         "%s makes no API keys; its access token is what "
                         "there is",
                         provider_title(r->provider));
    if (c->config->api_key == API_KEY_NONE)
        return error_set(err, FAIL_AUTH, "no_api_key",
                         "no API key is stored for this credential, and the "
                         "configuration says to make none (api_key = none)");
    if (c->config->api_key == API_KEY_PROVIDER)
        return error_set(err, FAIL_AUTH, "no_api_key",
                         "no API key is stored for this credential; the next "
                         "sign-in brings one (api_key = provider); run: "
                         "parallel-credential login");
    if (secret_is_empty(&r->access) && secret_is_empty(&r->refresh))
        return error_set(err, FAIL_AUTH, "no_api_key",
                         "no API key is stored for this credential");
    if (!text_has_word(r->scopes, "keys:create") ||
        !text_has_word(r->scopes, "apps:read"))
        return error_set(err, FAIL_AUTH, "no_api_key",
                         "no API key is stored for this credential, and one "
                         "cannot be made without the scopes keys:create and "
                         "apps:read; sign in with them");
    return 0;
}

static struct credential_app
credential_app_of(const struct credential *c, const struct record *r)
{
    return (struct credential_app){c->config->api_key_app, r->org_id,
                                   text_has_word(r->scopes, "apps:create"),
                                   NULL};
}

static enum credential_result
credential_key_locked(struct credential *c, struct record **r,
                      struct error *err)
{
    enum credential_result result =
        credential_token_locked(c, CREDENTIAL_FRESH, 0, r, err);
    cleanup_free char *org = NULL;
    struct credential_app app;
    sigset_t before;

    if (result != CREDENTIAL_OK || !secret_is_empty(&(*r)->api_key))
        return result;
    if (credential_may_mint(c, *r, err) < 0)
        return CREDENTIAL_FAILED;
    app = credential_app_of(c, *r);
    app.org_id = org = strdup((*r)->org_id); /* it may be read anew */
    result = CREDENTIAL_FAILED;
    if (!org) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return result;
    }
    if (credential_call_locked(c, r, credential_ask_app, &app, err) ==
        ACCOUNT_OK) {
        credential_hold_signals(&before);
        result = credential_mint_key(c, r, app.id, err);
        if (result == CREDENTIAL_OK)
            credential_delete_unwanted(c, r);
        credential_release_signals(&before);
    }
    free(app.id);
    return result;
}

enum credential_result
credential_key(struct credential *c, struct record **r, struct error *err)
{
    enum credential_result result = credential_find(c, r, err);

    if (result == CREDENTIAL_OK && !secret_is_empty(&(*r)->api_key))
        credential_tell_front(c);
    if (result != CREDENTIAL_OK || !secret_is_empty(&(*r)->api_key))
        return result;
    if (credential_may_mint(c, *r, err) < 0)
        return CREDENTIAL_FAILED;
    if (credential_lock(c, false, err) < 0)
        return CREDENTIAL_FAILED;
    result = credential_key_locked(c, r, err);
    credential_unlock(c);
    return result;
}

/* ---- keys for others ----------------------------------------------------
 */

struct credential_make {
    struct credential_app app;
    const char *app_id; /* NULL: to be found by its name */
    struct credential_mint mint;
};

static enum account_result
credential_ask_make(void *context, const struct account *account,
                    struct error *err)
{
    struct credential_make *make = context;
    enum account_result result = ACCOUNT_OK;

    if (!make->app_id && !make->app.id)
        result = credential_ask_app(&make->app, account, err);
    if (result != ACCOUNT_OK)
        return result;
    make->mint.app_id = make->app_id ? make->app_id : make->app.id;
    return credential_ask_key(&make->mint, account, err);
}

/* What was done at the service is noted here: a key made, or one that is not
 * there any more. Trouble with that is none of the caller's. */
static void
credential_note(struct credential *c, const struct key *put,
                const struct key *drop)
{
    struct record *r = NULL;

    if (credential_lock(c, false, NULL) == 0 &&
        credential_find(c, &r, NULL) == CREDENTIAL_OK) {
        if (put)
            credential_remember(c, r, put->app_id, put->id, put->name,
                                MADE_BY_HAND);
        if (drop)
            made_keys_drop(&c->store.made, drop->name, drop->id);
        if (drop && *drop->id && strcmp(drop->id, r->api_key_id) == 0)
            record_forget_key(r);
        credential_commit(c, NULL);
    }
    credential_unlock(c);
}

enum credential_result
credential_make_key(struct credential *c, const char *name, const char *app,
                    struct key *key, struct error *err)
{
    struct record *r = NULL;
    enum credential_result result = credential_find(c, &r, err);
    struct credential_make make = {.app_id = app,
                                   .mint = {NULL, name, key, 0}};

    if (result != CREDENTIAL_OK)
        return result;
    make.app = credential_app_of(c, r);
    make.app.org_id = ""; /* the token is for one organization */
    result = credential_call(c, credential_ask_make, &make, err);
    if (result == CREDENTIAL_OK)
        credential_note(c, key, NULL);
    else if (make.mint.maybe_done)
        error_context(err, "the answer was lost; an API key of that name may "
                           "have been made");
    free(make.app.id);
    return result;
}

static struct made_key *
credential_made(const struct credential *c, const char *id_or_name)
{
    struct made_keys *made = (struct made_keys *)(uintptr_t)&c->store.made;

    for (size_t i = 0; i < made->count; i++)
        if (*made->item[i].id && strcmp(made->item[i].id, id_or_name) == 0)
            return &made->item[i];
    return made_keys_find(made, id_or_name);
}

struct credential_unmake {
    struct credential_app app;
    const char *app_id;
    const char *id;
    bool ours; /* then that it is gone already is fine */
};

static enum account_result
credential_ask_unmake(void *context, const struct account *account,
                      struct error *err)
{
    struct credential_unmake *unmake = context;
    enum account_result result = ACCOUNT_OK;

    if (!unmake->app_id && !unmake->app.id)
        result = credential_ask_app(&unmake->app, account, err);
    if (result != ACCOUNT_OK)
        return result;
    result =
        key_delete(account, unmake->app_id ? unmake->app_id : unmake->app.id,
                   unmake->id, err);
    return result == ACCOUNT_MISSING && unmake->ours ? ACCOUNT_OK : result;
}

enum credential_result
credential_delete_key(struct credential *c, const char *id_or_name,
                      const char *app, bool *known, struct error *err)
{
    struct record *r = NULL;
    enum credential_result result = credential_find(c, &r, err);
    const struct made_key *made;
    CLEANUP(key_release) struct key key = KEY_INIT;
    struct credential_unmake unmake = {.app_id = app};
    char shown[128];

    if (result != CREDENTIAL_OK)
        return result;
    made = credential_made(c, id_or_name);
    unmake.ours = made ? strcmp(made->issuer, r->issuer) == 0 &&
                             strcmp(made->org, r->org_id) == 0
                       : strcmp(r->api_key_id, id_or_name) == 0;
    key.id = strdup(made ? made->id : id_or_name);
    key.app_id = strdup(made ? made->app_id : app ? app : r->api_key_app);
    key.name = strdup(made ? made->name : "");
    if (!key.id || !key.app_id || !key.name) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return CREDENTIAL_FAILED;
    }
    *known = *key.id != '\0';
    unmake.app = credential_app_of(c, r);
    unmake.app.org_id = "";
    unmake.app.may_create = false;
    unmake.id = key.id;
    if (*key.app_id)
        unmake.app_id = key.app_id;
    if (*known)
        result = credential_call(c, credential_ask_unmake, &unmake, err);
    if (result == CREDENTIAL_OK)
        credential_note(c, NULL, &key);
    else if (!made && strcmp(err->id, "invalid") == 0)
        error_context(err,
                      "%s is neither an API key's id nor the name of one that "
                      "was made here",
                      text_show(shown, sizeof shown, id_or_name));
    free(unmake.app.id);
    return result;
}
