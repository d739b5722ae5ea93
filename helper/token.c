/*
 * token.c - the credential as one line: token and header.
 */
#include "helper/front.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

const char *
front_own_key(const struct fields *credential)
{
    const char *given = getenv("PARALLEL_API_KEY");
    const char *given_id = getenv("PARALLEL_CREDENTIAL_KEY_ID");

    if (!given || !*given || (given_id && *given_id) ||
        (credential && fields_get(credential, "own_key_void")))
        return NULL;
    return given;
}

const char *
front_key(const struct fields *credential)
{
    const char *own = front_own_key(credential);

    return own ? own : fields_text(credential, "api_key");
}

/* Prefix, value, newline; the value is known not to be empty. */
static int
front_print(const char *prefix, const char *value)
{
    CLEANUP(secret_release) struct secret line = SECRET_INIT;

    if (secret_append_text(&line, prefix) < 0 ||
        secret_append_text(&line, value) < 0 ||
        secret_append_text(&line, "\n") < 0)
        return FAIL_SERVICE;
    return front_answer(&line);
}

static int
front_try_line(struct front *front, const char *token_prefix,
               const char *key_prefix, struct moment started)
{
    bool good = front_open(front);
    const struct fields *credential = good ? front_chosen(front) : NULL;
    int result;

    if (good && !credential)
        return FRONT_HANDOVER;
    if (front->api_key)
        return credential && *front_key(credential)
                   ? front_print(key_prefix, front_key(credential))
                   : FRONT_HANDOVER;
    result = front_settle(front, credential, started);
    if (result != FAIL_NONE)
        return result;
    if (*token_prefix && fields_get(credential, "present"))
        return FRONT_HANDOVER; /* another header than ours */
    result =
        front_print(token_prefix, fields_text(credential, "access_token"));
    if (result == FAIL_NONE)
        front_renew_behind(front, credential);
    return result;
}

static int
front_line(struct front *front, const char *token_prefix,
           const char *key_prefix)
{
    struct moment started = clock_now();
    int result;

    do {
        result = front_try_line(front, token_prefix, key_prefix, started);
    } while (result == FRONT_AGAIN);
    return result;
}

int
front_token(struct front *front)
{
    return front_line(front, "", "");
}

int
front_header(struct front *front)
{
    return front_line(front, "Authorization: Bearer ", "x-api-key: ");
}
