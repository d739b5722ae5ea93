#include "tests/platform/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/clock.h"
#include "tests/platform/config.h"
#include "tests/platform/memory.h"
#include "tests/platform/state.h"
#include "tests/platform/value.h"

#define BUCKETS 4096

struct token {
    char digest[DIGEST_LENGTH];
    bool is_refresh;
    bool spent;
    double ends;
    struct family *family;
    struct token *next;
};

static struct family *families;
static struct family **last = &families;
static unsigned count;
static struct token *tokens[BUCKETS]; /* by the head of the digest */

static struct token **
bucket(const char *digest)
{
    char head[4] = {digest[0], digest[1], digest[2], '\0'};

    return &tokens[strtoul(head, NULL, 16) % BUCKETS];
}

static struct token *
find(const char *raw, bool is_refresh)
{
    char digest[DIGEST_LENGTH];

    secret_digest(digest, raw);
    for (struct token *i = *bucket(digest); i; i = i->next)
        if (i->is_refresh == is_refresh && strcmp(i->digest, digest) == 0)
            return i;
    return NULL;
}

/* Makes a token that lives this long, but not beyond its family. */
static double
make(struct family *family, bool is_refresh, double lifetime,
     char raw[SECRET_LENGTH])
{
    struct token *token = memory_new(sizeof(*token));
    struct token **at;
    double left = family->ends - clock_date();

    if (left > lifetime)
        left = lifetime;
    secret_make(raw, is_refresh ? "srt_" : "sat_");
    secret_digest(token->digest, raw);
    token->is_refresh = is_refresh;
    token->family = family;
    token->ends = clock_date() + left;
    at = bucket(token->digest);
    token->next = *at;
    *at = token;
    snprintf(is_refresh ? family->refresh_id : family->access_id, 9, "%.8s",
             token->digest);
    if (is_refresh)
        family->refresh_ends = token->ends;
    return left;
}

static void
issue(struct family *family, bool with_refresh, struct issue *out)
{
    const struct config *now = config();

    memset(out, 0, sizeof(*out));
    out->family = family;
    out->access_left = make(family, false, now->access_lifetime, out->access);
    if (with_refresh)
        make(family, true, now->refresh_lifetime, out->refresh);
    out->refresh_left = family->refresh_ends - clock_date();
    out->authorization_left = family->ends - clock_date();
    family->access_tokens++;
    state_changed();
}

void
token_begin(enum port port, const char *client_id, const char *org_id,
            const char *scope, struct issue *out)
{
    struct family *family = memory_new(sizeof(*family));

    family->number = ++count;
    family->port = port;
    family->client_id = memory_copy(client_id);
    family->org_id = memory_copy(org_id);
    family->scope = memory_copy(scope);
    family->ends = clock_date() + config()->authorization_lifetime;
    *last = family;
    last = &family->next;
    issue(family, true, out);
}

static void
put_end_to(struct family *family, const char *reason, bool access)
{
    if (!family->revoked)
        family->revoked = reason;
    if (access)
        family->access_revoked = true;
    state_changed();
}

/* Why a family is dead, or NULL: revoked, or by the time that passed. */
static const char *
death(const struct family *family)
{
    double now = clock_date();

    if (family->revoked)
        return family->revoked;
    if (now >= family->ends)
        return "authorization_expired";
    return now >= family->refresh_ends ? "refresh_expired" : NULL;
}

enum token_refresh
token_refresh(enum port port, const char *refresh, const char *client_id,
              bool rotate, struct issue *out)
{
    struct token *token = find(refresh, true);

    if (!token || token->family->port != port)
        return TOKEN_UNKNOWN;
    if (client_id && strcmp(client_id, token->family->client_id) != 0)
        return TOKEN_OTHER_CLIENT;
    if (token->spent) {
        put_end_to(token->family, "reuse", true);
        return TOKEN_REUSED;
    }
    if (token->family->revoked)
        return TOKEN_REVOKED;
    if (clock_date() >= token->ends)
        return TOKEN_EXPIRED;
    token->spent = rotate;
    token->family->refreshes++;
    issue(token->family, rotate, out);
    return TOKEN_REFRESHED;
}

const char *
token_refresh_words(enum token_refresh why)
{
    static const char *const words[] = {
        [TOKEN_REFRESHED] = "",
        [TOKEN_UNKNOWN] = "Unknown refresh_token",
        [TOKEN_OTHER_CLIENT] =
            "The refresh_token was issued to another client",
        [TOKEN_EXPIRED] = "The refresh_token has expired",
        [TOKEN_REVOKED] = "The authorization is revoked",
        [TOKEN_REUSED] = ("The refresh_token was used before; "
                          "the authorization is revoked"),
    };

    return words[why];
}

bool
token_revoke(const char *refresh, const char *client_id)
{
    struct token *token = find(refresh, true);

    if (!token || token->family->port != PORT_PLATFORM)
        return true;
    if (client_id && strcmp(client_id, token->family->client_id) != 0)
        return false;
    put_end_to(token->family, "revoked", false);
    return true;
}

bool
token_revoke_family(unsigned number)
{
    for (struct family *i = families; i; i = i->next)
        if (i->number == number) {
            put_end_to(i, "revoked", true);
            return true;
        }
    return false;
}

const struct family *
token_check_access(enum port port, const char *access)
{
    const struct token *token = find(access, false);

    if (!token || token->family->port != port ||
        token->family->access_revoked || clock_date() >= token->ends)
        return NULL;
    return token->family;
}

const struct family *
token_check_refresh(const char *refresh)
{
    const struct token *token = find(refresh, true);

    if (!token || token->spent || token->family->revoked ||
        clock_date() >= token->ends)
        return NULL;
    return token->family;
}

/* Counts for each family how many access tokens would be taken now. */
static void
count_live(void)
{
    double now = clock_date();

    for (struct family *i = families; i; i = i->next)
        i->live = 0;
    for (int i = 0; i < BUCKETS; i++)
        for (const struct token *j = tokens[i]; j; j = j->next)
            if (!j->is_refresh && !j->family->access_revoked && now < j->ends)
                j->family->live++;
}

static struct json_object *
describe(const struct family *family)
{
    struct json_object *out = json_object_new_object();

    value_add(out, "family", value_number(family->number));
    value_add(out, "service",
              value_text(family->port == PORT_SECOND ? "second" : "platform"));
    value_add(out, "client_id", value_text(family->client_id));
    value_add(out, "org_id", value_text(family->org_id));
    value_add(out, "scope", value_text(family->scope));
    value_add(out, "alive", json_object_new_boolean(!death(family)));
    value_add(out, "revoked_reason", value_text(death(family)));
    value_add(out, "refreshes", value_number((double)family->refreshes));
    value_add(out, "access_tokens",
              value_number((double)family->access_tokens));
    value_add(out, "live_access_tokens", value_number(family->live));
    value_add(out, "current_refresh_id", value_text(family->refresh_id));
    value_add(out, "current_access_id", value_text(family->access_id));
    return out;
}

struct json_object *
token_describe(void)
{
    struct json_object *out = json_object_new_array();

    count_live();
    for (const struct family *i = families; i; i = i->next)
        json_object_array_add(out, describe(i));
    return out;
}

void
token_reset(void)
{
    for (int i = 0; i < BUCKETS; i++)
        while (tokens[i]) {
            struct token *gone = tokens[i];
            tokens[i] = gone->next;
            free(gone);
        }
    while (families) {
        struct family *gone = families;
        families = gone->next;
        free(gone->client_id);
        free(gone->org_id);
        free(gone->scope);
        free(gone);
    }
    last = &families;
    count = 0;
}
