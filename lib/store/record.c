#include "lib/store/record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define RECORD_SKEW   30000
#define RECORD_WINDOW 120000
#define RECORD_REST   (24 * 3600 * 1000LL)

static int
record_set(char **slot, const char *text)
{
    char *copy = strdup(text ? text : "");

    if (!copy)
        return -1;
    free(*slot);
    *slot = copy;
    return 0;
}

static int64_t
record_end(int64_t now, int64_t lifetime)
{
    return lifetime < 0 ? 0 : now + lifetime;
}

int
record_init(struct record *r, const struct provider *provider,
            const char *client_id, const struct token *token,
            struct moment now)
{
    const struct provider_kept kept = provider_keep(provider);

    *r = (struct record){0};
    if (record_set(&r->provider, kept.name) < 0 ||
        record_set(&r->issuer, kept.issuer) < 0 ||
        record_set(&r->service_url, kept.service_url) < 0 ||
        record_set(&r->data_url, kept.data_url) < 0 ||
        record_set(&r->token_endpoint, kept.token_endpoint) < 0 ||
        record_set(&r->revocation_endpoint, kept.revocation_endpoint) < 0 ||
        record_set(&r->hosts, kept.hosts) < 0 ||
        record_set(&r->present, kept.present) < 0 ||
        record_set(&r->org_id, token->org_id) < 0 ||
        record_set(&r->client_id, client_id) < 0 ||
        record_set(&r->api_key_id, "") < 0 ||
        record_set(&r->api_key_app, "") < 0 ||
        record_set(&r->api_key_name, "") < 0 ||
        record_set(&r->org_name, "") < 0 ||
        record_set(&r->scopes, kept.scopes) < 0 ||
        record_renew(r, token, now) < 0) {
        record_release(r);
        return -1;
    }
    r->authorization_expires =
        record_end(now.real, token->authorization_lifetime_ms);
    return 0;
}

struct provider_kept
record_kept(const struct record *r)
{
    return (struct provider_kept){.name = r->provider,
                                  .issuer = r->issuer,
                                  .service_url = r->service_url,
                                  .data_url = r->data_url,
                                  .scopes = r->scopes,
                                  .token_endpoint = r->token_endpoint,
                                  .revocation_endpoint =
                                      r->revocation_endpoint,
                                  .hosts = r->hosts,
                                  .present = r->present};
}

bool
record_is_other(const struct record *r)
{
    return strcmp(r->provider, OTHER_GIT) == 0 ||
           strcmp(r->provider, OTHER_DOCKER) == 0;
}

struct other
record_other(const struct record *r)
{
    return (struct other){.key = r->issuer,
                          .user = r->org_id,
                          .secret = secret_text(&r->access),
                          .refresh = secret_text(&r->refresh),
                          .authtype = r->client_id,
                          .expires = r->expires.real,
                          .stored = r->issued.real};
}

int
record_renew(struct record *r, const struct token *token, struct moment now)
{
    if (secret_set(&r->access, token->access.data, token->access.len) < 0 ||
        (token->scope && record_set(&r->scopes, token->scope) < 0) ||
        (token->org_name && record_set(&r->org_name, token->org_name) < 0))
        return -1;
    if (token->refresh.len > 0) {
        if (secret_set(&r->refresh, token->refresh.data, token->refresh.len) <
            0)
            return -1;
        r->refresh_expires = record_end(now.real, token->refresh_lifetime_ms);
    }
    if (token->authorization_lifetime_ms >= 0)
        r->authorization_expires =
            record_end(now.real, token->authorization_lifetime_ms);
    r->issued = now;
    r->lifetime = token->lifetime_ms < 0 ? 0 : token->lifetime_ms;
    r->expires = (struct moment){0, 0};
    if (token->lifetime_ms >= 0)
        r->expires = clock_after(now, token->lifetime_ms);
    r->refused = false;
    return 0;
}

int
record_set_key(struct record *r, struct secret *raw, const char *app_id,
               const char *id, const char *name)
{
    if (record_set(&r->api_key_id, id) < 0 ||
        record_set(&r->api_key_app, app_id) < 0 ||
        record_set(&r->api_key_name, name) < 0)
        return -1;
    secret_move(&r->api_key, raw);
    return 0;
}

int
record_turn_to_key(struct record *r)
{
    if (record_set_key(r, &r->access, "", RECORD_KEY_GRANTED, "") < 0)
        return -1;
    secret_release(&r->refresh);
    r->lifetime = r->refresh_expires = r->authorization_expires = 0;
    r->expires = (struct moment){0, 0};
    return 0;
}

bool
record_is_granted_key(const struct record *r)
{
    return !secret_is_empty(&r->api_key) && secret_is_empty(&r->access) &&
           secret_is_empty(&r->refresh) &&
           strcmp(r->api_key_id, RECORD_KEY_GRANTED) == 0;
}

void
record_forget_key(struct record *r)
{
    secret_release(&r->api_key);
    *r->api_key_id = *r->api_key_app = *r->api_key_name = '\0';
}

static int64_t
record_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct moment
record_usable_until(const struct record *r)
{
    return clock_after(r->expires,
                       -record_least(RECORD_SKEW, r->lifetime / 4));
}

struct moment
record_renew_from(const struct record *r)
{
    return clock_after(r->expires,
                       -record_least(RECORD_WINDOW, r->lifetime / 2));
}

bool
record_is_idle(const struct record *r, struct moment now)
{
    int64_t rest = RECORD_REST, since = now.real - r->issued.real;

    if (secret_is_empty(&r->refresh) || r->refused)
        return false;
    if (r->refresh_expires)
        rest = record_least(rest, (r->refresh_expires - r->issued.real) / 4);
    return since < 0 || since >= rest;
}

const char *
record_key_id(const struct record *r)
{
    return *r->api_key_id ? r->api_key_id : "pasted";
}

bool
record_is_fresh(const struct record *r, struct moment now, int64_t ttl)
{
    if (secret_is_empty(&r->access))
        return false;
    if (r->expires.real == 0)
        return true;
    /* Without a boot clock, a token from the future tells of a clock that
     * was set back: its expiry cannot be trusted. */
    if (!r->expires.boot && now.real + RECORD_SKEW < r->issued.real)
        return false;
    return !clock_reached(record_usable_until(r), now) &&
           !clock_reached(clock_after(r->expires, -ttl), now);
}

struct record_text {
    const char *key;
    size_t offset;
    bool brief; /* one that says nothing is left out */
};

static const struct record_text record_texts[] = {
    {"provider", offsetof(struct record, provider), false},
    {"issuer", offsetof(struct record, issuer), false},
    {"service_url", offsetof(struct record, service_url), false},
    {"data_url", offsetof(struct record, data_url), false},
    {"org_id", offsetof(struct record, org_id), false},
    {"org_name", offsetof(struct record, org_name), false},
    {"client_id", offsetof(struct record, client_id), false},
    {"scopes", offsetof(struct record, scopes), false},
    {"api_key_id", offsetof(struct record, api_key_id), false},
    {"api_key_app", offsetof(struct record, api_key_app), false},
    {"api_key_name", offsetof(struct record, api_key_name), false},
    {"token_endpoint", offsetof(struct record, token_endpoint), true},
    {"revocation_endpoint", offsetof(struct record, revocation_endpoint),
     true},
    {"hosts", offsetof(struct record, hosts), true},
    {"present", offsetof(struct record, present), true},
};

static const struct record_text record_secrets[] = {
    {"access_token", offsetof(struct record, access), false},
    {"refresh_token", offsetof(struct record, refresh), false},
    {"api_key", offsetof(struct record, api_key), false},
};

static const struct record_text record_times[] = {
    {"issued_at", offsetof(struct record, issued.real), false},
    {"access_token_expires_at", offsetof(struct record, expires.real), false},
    {"access_token_lifetime", offsetof(struct record, lifetime), false},
    {"refresh_token_expires_at", offsetof(struct record, refresh_expires),
     false},
    {"authorization_expires_at",
     offsetof(struct record, authorization_expires), false},
    {"erased_at", offsetof(struct record, erased), false},
    {"api_key_erased_at", offsetof(struct record, key_erased), false},
};

#define EACH(entry, table)                                                    \
    for (const struct record_text *entry = table;                             \
         entry < table + sizeof table / sizeof *table; entry++)

/* Of other services there may be many: what says nothing is left out. */
void
record_write(const struct record *r, struct json *object)
{
    const char *base = (const char *)r;
    bool brief = record_is_other(r);

    EACH(entry, record_texts)
    {
        const char *text =
            *(char *const *)(const void *)(base + entry->offset);
        if (*text || !(brief || entry->brief))
            json_put_text(object, entry->key, text);
    }
    EACH(entry, record_secrets)
    {
        const struct secret *s = (const void *)(base + entry->offset);
        if (!secret_is_empty(s))
            json_put_text(object, entry->key, s->data);
    }
    EACH(entry, record_times)
    {
        int64_t time = *(const int64_t *)(const void *)(base + entry->offset);
        if (time || !brief)
            json_put_number(object, entry->key, time);
    }
    if (r->refused)
        json_put_bool(object, "refused", true);
}

int
record_read(struct record *r, const struct json *object)
{
    char *base = (char *)r;
    int failed = 0;

    *r = (struct record){0};
    if (!json_text(object, "provider") || !json_text(object, "issuer"))
        return -1;
    EACH(entry, record_texts)
    failed |= record_set((char **)(void *)(base + entry->offset),
                         json_text(object, entry->key));
    EACH(entry, record_secrets)
    {
        const char *text = json_text(object, entry->key);
        if (text)
            failed |=
                secret_set((struct secret *)(void *)(base + entry->offset),
                           text, strlen(text));
    }
    EACH(entry, record_times)
    json_number(object, entry->key, (int64_t *)(void *)(base + entry->offset));
    r->refused = json_true(object, "refused");
    if (!failed && record_is_other(r))
        failed = !text_starts_with(r->issuer, r->provider) ||
                 r->issuer[strlen(r->provider)] != ':';
    if (failed)
        record_release(r);
    return failed ? -1 : 0;
}

int
record_init_other(struct record *r, const struct other *other)
{
    bool docker = text_starts_with(other->key, OTHER_DOCKER ":");
    char *base = (char *)r;
    int failed = 0;

    *r = (struct record){.issued = {other->stored, 0},
                         .expires = {other->expires, 0}};
    EACH(entry, record_texts)
    failed |= record_set((char **)(void *)(base + entry->offset), "");
    failed |= record_set(&r->provider, docker ? OTHER_DOCKER : OTHER_GIT) |
              record_set(&r->issuer, other->key) |
              record_set(&r->org_id, other->user) |
              record_set(&r->client_id, other->authtype) |
              secret_set(&r->access, other->secret, strlen(other->secret)) |
              secret_set(&r->refresh, other->refresh, strlen(other->refresh));
    if (failed)
        record_release(r);
    return failed ? -1 : 0;
}

void
record_release(struct record *r)
{
    char *base = (char *)r;

    if (!r)
        return;
    EACH(entry, record_texts)
    free(*(char **)(void *)(base + entry->offset));
    EACH(entry, record_secrets)
    secret_release((struct secret *)(void *)(base + entry->offset));
    *r = (struct record){0};
}
