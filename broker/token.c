/*
 * token.c - the credential as one line: token and header.
 */
#include "broker/broker.h"

#include <string.h>

#include "broker/kubernetes.h"
#include "broker/session.h"

#include "lib/base/answer.h"
#include "lib/base/cleanup.h"

/* expires_at: ms, 0 never. */
static int
token_print(const struct broker *b, const char *prefix, const char *value,
            int64_t expires_at, struct error *err)
{
    CLEANUP(secret_release) struct secret line = SECRET_INIT;

    if (b->exec_credential)
        return kubernetes_print(value, expires_at, err);
    if (secret_append_text(&line, prefix) < 0 ||
        secret_append_text(&line, value) < 0 ||
        secret_append_text(&line, "\n") < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return broker_print(&line, err);
}

static int
token_print_key(struct broker *b, const char *prefix, struct error *err)
{
    struct record *record = NULL;

    /* One that the person has exported goes before all that is stored. */
    if (*broker_key(b, NULL))
        return token_print(b, prefix, broker_key(b, NULL), 0, err);
    if (credential_key(&b->credential, &record, err) != CREDENTIAL_OK)
        return -1;
    return token_print(b, prefix, broker_key(b, record), 0, err);
}

/* The access token; in a header as its provider wants it to be shown. */
static int
token_print_access(struct broker *b, const char *token_prefix,
                   const char *key_prefix, const struct record *r,
                   struct error *err)
{
    CLEANUP(secret_release) struct secret basic = SECRET_INIT;
    const char *token = secret_text(&r->access);

    if (*token_prefix && strcmp(r->present, ANSWER_AS_KEY) == 0)
        token_prefix = key_prefix;
    if (!*token_prefix || strcmp(r->present, ANSWER_AS_BASIC) != 0)
        return token_print(b, token_prefix, token, r->expires.real, err);
    if (answer_basic(&basic, token) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return token_print(b, "Authorization: Basic ", secret_text(&basic),
                       r->expires.real, err);
}

static int
token_run(struct broker *b, const char *token_prefix, const char *key_prefix,
          struct error *err)
{
    struct record *record;

    if ((b->exec_credential && kubernetes_check(err) < 0) ||
        broker_open(b, err) < 0)
        return -1;
    if (b->api_key)
        return token_print_key(b, key_prefix, err);
    switch (credential_token(&b->credential, CREDENTIAL_FRESH, b->min_ttl,
                             &record, err)) {
    case CREDENTIAL_OK:
        break;
    case CREDENTIAL_NONE:
    case CREDENTIAL_REFUSED:
        /* Perhaps the person has approved a code since. */
        if (session_ask_again(b, &record))
            break;
        return -1;
    case CREDENTIAL_FAILED:
        return -1;
    }
    return token_print_access(b, token_prefix, key_prefix, record, err);
}

int
broker_token(struct broker *b, int *status, struct error *err)
{
    (void)status;
    return token_run(b, "", "", err);
}

int
broker_header(struct broker *b, int *status, struct error *err)
{
    (void)status;
    return token_run(b, "Authorization: Bearer ", "x-api-key: ", err);
}
