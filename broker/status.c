#include "broker/broker.h"

#include "broker/key.h"
#include "broker/session.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/permit.h"

static bool
status_is_signed_in(const struct record *r)
{
    if (!r)
        return false;
    return record_is_granted_key(r) || record_is_fresh(r, clock_now(), 0) ||
           (!secret_is_empty(&r->refresh) && !r->refused);
}

static void
status_put_time(struct json *object, const char *key, int64_t ms)
{
    if (ms > 0)
        json_put_number(object, key, ms / 1000);
    else
        json_put_null(object, key);
}

static void
status_put_scopes(struct json *object, const char *scopes)
{
    struct json *array = json_put_array(object, "scopes");
    char word[256];

    while (*scopes) {
        size_t span = strcspn(scopes, " ");
        if (span > 0 && span < sizeof word) {
            memcpy(word, scopes, span);
            word[span] = '\0';
            json_append_text(array, word);
        }
        scopes += span + strspn(scopes + span, " ");
    }
}

/* A code that waits for its person: null, or code, address and end. */
static void
status_put_pending(struct json *object, const struct broker *b)
{
    CLEANUP(pending_release) struct pending pending = {0};
    struct json *member;

    if (session_pending(b, &pending) != PENDING_LIVE) {
        json_put_null(object, "pending");
        return;
    }
    member = json_put_object(object, "pending");
    json_put_text(member, "user_code", pending.code.user_code);
    json_put_text(member, "verification_uri", pending.code.verification_uri);
    json_put_text(member, "verification_uri_complete",
                  pending.code.verification_uri_complete);
    json_put_number(member, "expires_at", pending.ends / 1000);
}

/* Where the credential lies, or would. */
static const char *
status_store(const struct broker *b, const struct record *r)
{
    const struct store *store = &b->credential.store;

    if (r && r->place == RECORD_PARKED)
        return "parked";
    if (r && r->place == RECORD_IN_KEYRING)
        return store_kind_word(STORE_KEYRING);
    if (store->chosen == STORE_PROVISIONAL)
        return store_kind_word(STORE_PROVISIONAL);
    return store_kind_word(store_is_file(store) ? STORE_FILE : STORE_KEYRING);
}

/* What the keyring answered; NULL: it was not asked. */
static const char *
status_keyring(const struct broker *b)
{
    const struct store *store = &b->credential.store;
    enum keyring_state state = store->keyring.state;

    if (state == KEYRING_UNASKED)
        return NULL;
    if (state == KEYRING_OK && !store_is_file(store) &&
        store->in_keyring.count == 0)
        return "empty";
    return keyring_word(state);
}

static void
status_put_all(const struct broker *b, const struct record *r,
               struct json *object)
{
    const struct store *store = &b->credential.store;
    struct json *list = json_put_array(object, "organizations");
    const struct record *other;
    size_t at = 0;

    while ((other = store_next(store, &at))) {
        struct json *one = json_append_object(list);

        json_put_text(one, "org_id", other->org_id);
        json_put_text(one, "org_name",
                      *other->org_name ? other->org_name : NULL);
        json_put_text(one, "provider", other->provider);
        json_put_text(one, "issuer", other->issuer);
        json_put_bool(one, "authenticated", status_is_signed_in(other));
        json_put_bool(one, "selected", other == r);
    }
}

/* Of the credential, or of what a login would bring. */
static const char *
status_issuer(const struct broker *b, const struct record *r)
{
    const struct provider_settings *settings =
        config_provider_settings(&b->config, b->credential.choice.provider);

    if (r)
        return r->issuer;
    if (provider_is_builtin(b->credential.choice.provider))
        return b->config.platform_url;
    return settings && settings->issuer ? settings->issuer
           : settings                   ? settings->token_endpoint
                                        : NULL;
}

/* What is stored is not handed out. */
static bool
status_is_kept_back(const struct error *reason)
{
    return policy_is_cause(reason);
}

/* Why nothing is handed out: null, or an id and a text. */
static void
status_put_policy(struct json *object, const struct error *reason)
{
    struct json *member;

    if (!status_is_kept_back(reason)) {
        json_put_null(object, "policy");
        return;
    }
    member = json_put_object(object, "policy");
    json_put_text(member, "error", reason->id);
    json_put_text(member, "message", reason->text);
}

static int
status_print_json(const struct broker *b, const struct record *r,
                  const struct error *reason, struct error *err)
{
    struct json *object = json_new_object();

    json_put_bool(object, "authenticated",
                  status_is_signed_in(r) && !status_is_kept_back(reason));
    status_put_policy(object, reason);
    json_put_text(object, "provider", b->credential.choice.provider);
    json_put_text(object, "issuer", status_issuer(b, r));
    json_put_text(object, "org_id", r ? r->org_id : NULL);
    json_put_text(object, "org_name", r && *r->org_name ? r->org_name : NULL);
    status_put_scopes(object, r ? r->scopes : "");
    status_put_time(object, "access_token_expires_at",
                    r && r->access.len ? r->expires.real : 0);
    status_put_time(object, "refresh_token_expires_at",
                    r ? r->refresh_expires : 0);
    status_put_time(object, "authorization_expires_at",
                    r ? r->authorization_expires : 0);
    json_put_text(object, "store", status_store(b, r));
    json_put_text(object, "keyring", status_keyring(b));
    json_put_bool(object, "api_key", *broker_key(b, r) != '\0');
    key_put_left(b, object);
    json_put_number(object, "to_revoke",
                    (int64_t)b->credential.store.ended.count);
    status_put_all(b, r, object);
    status_put_pending(object, b);
    return broker_print_json(object, err);
}

/* "2026-05-01 12:34:56, in 9 min" */
static const char *
status_time(char *out, size_t size, int64_t ms)
{
    int64_t left = (ms - clock_now().real) / 1000;
    int64_t shown = left < 0 ? -left : left;
    const char *unit = "s";
    char date[32];

    if (shown >= 2 * 86400)
        shown /= 86400, unit = "days";
    else if (shown >= 2 * 3600)
        shown /= 3600, unit = "hours";
    else if (shown >= 120)
        shown /= 60, unit = "min";
    snprintf(out, size, left < 0 ? "%s, %lld %s ago" : "%s, in %lld %s",
             broker_date(date, sizeof date, ms), (long long)shown, unit);
    return out;
}

/* "until TIME", or what stands for it when no time is known. */
static void
status_print_until(const char *label, int64_t ms, const char *more)
{
    char time[96];

    if (ms > 0)
        printf("  %-14s until %s%s\n", label,
               status_time(time, sizeof time, ms), more);
    else
        printf("  %-14s no end known%s\n", label, more);
}

static void
status_print_access(const struct record *r)
{
    char time[96];

    if (secret_is_empty(&r->access))
        printf("  access token   none now%s\n",
               r->refused ? "" : "; renewed when it is asked for");
    else if (record_is_fresh(r, clock_now(), 0))
        status_print_until("access token", r->expires.real, "");
    else
        printf("  access token   expired %s\n",
               status_time(time, sizeof time, r->expires.real));
}

/* What a sign-in by a person has brought. */
static void
status_print_sign_in(const struct record *r)
{
    printf("  organization   %s%s%s%s\n", r->org_name,
           *r->org_name ? " (" : "", *r->org_id ? r->org_id : "not named",
           *r->org_name ? ")" : "");
    printf("  scopes         %s\n", *r->scopes ? r->scopes : "none named");
    status_print_access(r);
    if (r->refused)
        printf("  refresh token  refused by the service\n");
    else if (secret_is_empty(&r->refresh))
        printf("  refresh token  none\n");
    else
        status_print_until("refresh token", r->refresh_expires,
                           "; replaced at each renewal");
    status_print_until("approval", r->authorization_expires, "");
}

static void
status_print_key(const struct broker *b, const struct record *r)
{
    char name[300];

    if (!secret_equals(&r->api_key, broker_key(b, r)))
        printf("  API key        taken from PARALLEL_API_KEY in the "
               "environment\n");
    else if (*r->api_key_name)
        printf("  API key        stored, \"%s\"\n",
               text_show(name, sizeof name, r->api_key_name));
    else
        printf("  API key        %s\n", r->api_key.len ? "stored" : "none");
}

static void
status_print_record(const struct broker *b, const struct record *r)
{
    char where[512];

    if (!provider_is_builtin(r->provider))
        printf("  provider       %s\n", r->provider);
    printf("  service        %s\n", r->issuer);
    if (!secret_is_empty(&r->access) || !secret_is_empty(&r->refresh))
        status_print_sign_in(r);
    status_print_key(b, r);
    printf("  kept           %s\n",
           store_where(&b->credential.store, r, where, sizeof where));
}

static const char *
status_option(const struct record *r)
{
    return provider_is_builtin(r->provider) ? "" : " --provider ";
}

static const char *
status_name(const struct record *r)
{
    return provider_is_builtin(r->provider) ? "" : r->provider;
}

static void
status_print(const struct broker *b, const struct record *r,
             const struct error *reason)
{
    if (!r) {
        printf("%s\n", reason->text);
        if (!store_is_file(&b->credential.store) &&
            !b->credential.store.unread)
            printf("The keyring (Secret Service) is the store; it holds "
                   "nothing of ours\n");
        return;
    }
    if (status_is_kept_back(reason))
        printf("Nothing is handed out: %s\n", reason->text);
    else if (status_is_signed_in(r))
        printf("Signed in to %s%s\n", provider_title(r->provider),
               record_is_granted_key(r) ? ", with an API key alone" : "");
    else if (r->refused)
        printf("The sign-in has ended; run: parallel-credential login%s%s\n",
               status_option(r), status_name(r));
    else if (secret_is_empty(&r->access) && secret_is_empty(&r->refresh))
        printf("Not signed in (only an API key is stored); run: "
               "parallel-credential login%s%s\n",
               status_option(r), status_name(r));
    else
        printf("Signed out; run: parallel-credential login%s%s\n",
               status_option(r), status_name(r));
    status_print_record(b, r);
}

/* Those that --org and use can choose. */
static void
status_print_others(const struct broker *b, const struct record *r)
{
    const struct store *store = &b->credential.store;
    const struct record *other;
    char org[128], issuer[128];
    size_t at = 0;

    while ((other = store_next(store, &at))) {
        if (other == r)
            continue;
        printf("Also: %s%s%s (%s) at %s, %s%s\n",
               provider_is_builtin(other->provider) ? "" : other->provider,
               provider_is_builtin(other->provider) ? "" : ", ",
               text_show(org, sizeof org,
                         *other->org_name ? other->org_name : "organization"),
               *other->org_id ? other->org_id : "not named",
               text_show(issuer, sizeof issuer, other->issuer),
               status_is_signed_in(other) ? "signed in" : "signed out",
               permit_record(&b->config, other, NULL) < 0
                   ? ", not handed out (policy)"
                   : "");
    }
}

/* Those that logout = revoke has ended. */
static void
status_print_ended(const struct broker *b)
{
    size_t count = b->credential.store.ended.count;

    if (count > 0)
        printf("  to revoke      %zu sign-in%s that ended with a session; the "
               "service is told at the next login\n",
               count, count == 1 ? "" : "s");
}

/* What is stored, and why it is not handed out, if it is not. */
static enum credential_result
status_find_all(struct broker *b, struct record **r, struct error *reason)
{
    struct credential *c = &b->credential;
    enum credential_result result = credential_find(c, r, reason);
    struct error ignored = ERROR_INIT;

    if (permit_person(&b->config, reason) < 0 || policy_is_cause(reason)) {
        c->exempt = true;
        result = credential_find(c, r, &ignored);
        c->exempt = false;
    }
    return result;
}

static enum credential_result
status_find(struct broker *b, struct record **r, struct error *reason)
{
    struct credential *c = &b->credential;
    enum credential_result result = status_find_all(b, r, reason);

    if (result == CREDENTIAL_FAILED || !store_is_loose(&c->store))
        return result;
    credential_settle(c);
    return status_find_all(b, r, reason);
}

int
broker_status(struct broker *b, int *status, struct error *err)
{
    struct error reason = ERROR_INIT;
    enum credential_result found;
    struct record *r = NULL;

    if (broker_open(b, err) < 0)
        return -1;
    if (b->news) {
        if (permit_person(&b->config, NULL) == 0)
            session_print_news(b);
        return 0;
    }
    found = status_find(b, &r, &reason);
    if (found == CREDENTIAL_FAILED &&
        (!b->json || !b->credential.store.unread)) {
        *err = reason;
        return -1;
    }
    *status = status_is_kept_back(&reason) ? FAIL_AUTH
              : status_is_signed_in(r)     ? FAIL_NONE
              : found == CREDENTIAL_FAILED ? FAIL_SERVICE
                                           : FAIL_AUTH;
    if (b->json && found == CREDENTIAL_FAILED)
        broker_say(b, "%s", reason.text);
    if (b->json)
        return status_print_json(b, r, &reason, err);
    status_print(b, r, &reason);
    status_print_others(b, r);
    key_print_left(b);
    status_print_ended(b);
    if (permit_person(&b->config, NULL) == 0)
        session_print_news(b);
    return broker_flush(err);
}
