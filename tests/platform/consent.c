#include "tests/platform/consent.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/clock.h"
#include "tests/platform/config.h"
#include "tests/platform/memory.h"
#include "tests/platform/pkce.h"
#include "tests/platform/redirect.h"
#include "tests/platform/state.h"
#include "tests/platform/token.h"
#include "tests/platform/value.h"

static struct consent *consents; /* newest first */

struct consent *
consent_new(const struct consent_question *question)
{
    struct consent *consent = memory_new(sizeof(*consent));

    consent->port = question->port;
    secret_uuid(consent->id);
    consent->client_id = memory_copy(question->client_id);
    consent->redirect_uri = memory_copy(question->redirect_uri);
    consent->scope = memory_copy(question->scope);
    consent->state = memory_copy(question->state);
    consent->challenge = memory_copy(question->challenge);
    consent->issuer = memory_copy(question->issuer);
    consent->ends = clock_date() + config()->consent_lifetime;
    consent->next = consents;
    consents = consent;
    state_changed();
    return consent;
}

struct consent *
consent_find(enum port port, const char *id)
{
    for (struct consent *i = consents; i; i = i->next)
        if (i->port == port && strcmp(i->id, id) == 0)
            return i;
    return NULL;
}

struct consent *
consent_by_state(const char *state)
{
    for (struct consent *i = consents; i; i = i->next)
        if (consent_status(i) == CONSENT_PENDING &&
            (strcmp(state, "any") == 0 ||
             (i->state && strcmp(i->state, state) == 0)))
            return i;
    return NULL;
}

struct consent *
consent_by_code(enum port port, const char *code)
{
    char digest[DIGEST_LENGTH];

    secret_digest(digest, code);
    for (struct consent *i = consents; i; i = i->next)
        if (i->port == port && strcmp(i->digest, digest) == 0)
            return i;
    return NULL;
}

enum consent_state
consent_status(const struct consent *consent)
{
    if (consent->status <= CONSENT_APPROVED && clock_date() >= consent->ends)
        return CONSENT_EXPIRED;
    return consent->status;
}

const char *
consent_status_name(enum consent_state status)
{
    static const char *const names[] = {
        [CONSENT_PENDING] = "pending", [CONSENT_APPROVED] = "approved",
        [CONSENT_DENIED] = "denied",   [CONSENT_EXPIRED] = "expired",
        [CONSENT_USED] = "used",       [CONSENT_REUSED] = "reused",
    };

    return names[status];
}

/* Where the browser goes with that parameter. */
static char *
answer(const struct consent *consent, const char *name, const char *value)
{
    const struct redirect_answer out = {name, value, consent->state,
                                        consent->issuer};

    return redirect_address(
        consent->redirect_uri,
        consent->port == PORT_SECOND ? "second-redirect" : "redirect", &out);
}

char *
consent_approve(struct consent *consent, const struct pick *pick)
{
    char code[SECRET_LENGTH];

    if (consent_status(consent) != CONSENT_PENDING)
        return NULL;
    secret_make(code, "sac_");
    secret_digest(consent->digest, code);
    consent->status = CONSENT_APPROVED;
    consent->ends = clock_date() + config()->web_code_lifetime;
    if (pick)
        consent->pick = *pick;
    state_changed();
    return answer(consent, "code", code);
}

char *
consent_deny(struct consent *consent)
{
    if (consent_status(consent) != CONSENT_PENDING)
        return NULL;
    consent->status = CONSENT_DENIED;
    state_changed();
    return answer(consent, "error", "access_denied");
}

static void
end_what_it_brought(struct consent *consent)
{
    const struct key *key = key_find(consent->key_id);

    if (key)
        key_kill(key->app_id, key->id);
    if (consent->family)
        token_revoke_family(consent->family);
    consent->status = CONSENT_REUSED;
    state_changed();
}

const char *
consent_redeem(struct consent *consent, const char *client_id,
               const char *redirect_uri, const char *verifier)
{
    if (strcmp(consent->client_id, client_id) != 0)
        return "The code was issued to another client";
    if (consent_status(consent) >= CONSENT_USED) {
        end_what_it_brought(consent);
        return "The code was used before; what it brought is revoked";
    }
    if (consent_status(consent) != CONSENT_APPROVED)
        return "The code has expired";
    if (strcmp(consent->redirect_uri, redirect_uri) != 0)
        return "The redirect_uri is another than that of the code";
    if (consent->challenge && !pkce_fits(verifier, consent->challenge))
        return "The code_verifier does not fit the code_challenge";
    consent->status = CONSENT_USED;
    state_changed();
    return NULL;
}

static struct json_object *
describe(const struct consent *consent)
{
    struct json_object *out = json_object_new_object();

    value_add(
        out, "service",
        value_text(consent->port == PORT_SECOND ? "second" : "provider"));
    value_add(out, "client_id", value_text(consent->client_id));
    value_add(out, "redirect_uri", value_text(consent->redirect_uri));
    value_add(out, "scope", value_text(consent->scope));
    value_add(out, "has_state", json_object_new_boolean(!!consent->state));
    value_add(out, "status",
              value_text(consent_status_name(consent_status(consent))));
    value_add(out, "api_key_id",
              value_text(*consent->key_id ? consent->key_id : NULL));
    value_add(out, "family",
              consent->family ? value_number(consent->family) : NULL);
    return out;
}

struct json_object *
consent_describe(void)
{
    struct json_object *out = json_object_new_array();

    for (const struct consent *i = consents; i; i = i->next)
        json_object_array_add(out, describe(i));
    return out;
}

void
consent_reset(void)
{
    while (consents) {
        struct consent *gone = consents;
        consents = gone->next;
        free(gone->client_id);
        free(gone->redirect_uri);
        free(gone->scope);
        free(gone->state);
        free(gone->challenge);
        free(gone->issuer);
        free(gone);
    }
}
