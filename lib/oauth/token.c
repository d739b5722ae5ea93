#include "lib/oauth/token.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define TOKEN_SCOPE_MAX    1024
#define TOKEN_LIFETIME_MAX (10LL * 366 * 24 * 3600) /* s */

void
token_release(struct token *token)
{
    if (!token)
        return;
    secret_release(&token->access);
    secret_release(&token->refresh);
    free(token->scope);
    free(token->org_id);
    free(token->org_name);
    *token = (struct token)TOKEN_INIT;
}

static int
token_refuse(const char *field, const char *what, struct error *err)
{
    return error_set(err, FAIL_SERVICE, "reply",
                     "the token server sent %s in \"%s\"", what, field);
}

static int
token_take_secret(const struct json *reply, const char *field,
                  struct secret *out, struct error *err)
{
    const char *text = json_text(reply, field);
    size_t len = text ? strlen(text) : 0;

    if (!text && json_has(reply, field))
        return token_refuse(field, "something that is no text", err);
    if (len > TOKEN_TEXT_MAX)
        return token_refuse(field, "a token that is too long", err);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return token_refuse(field, "a character that may not be there",
                                err);
    if (secret_set(out, text, len) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

static int
token_check_type(const struct json *reply, struct error *err)
{
    const char *type = json_text(reply, "token_type");

    if (!json_has(reply, "token_type") ||
        (type && strcasecmp(type, "Bearer") == 0))
        return 0;
    return token_refuse("token_type", "another kind than Bearer", err);
}

/* Whether text is shown as it is, and has no blank. */
static bool
token_is_visible(const char *text)
{
    char shown[TOKEN_NAME_MAX + 1];

    text_show(shown, sizeof shown, text);
    return strcmp(shown, text) == 0 && !strchr(text, ' ');
}

static int
token_take_organization(const struct json *reply, struct token *token,
                        struct error *err)
{
    const char *id = json_text(reply, "org_id");
    const char *name = json_text(reply, "org_name");
    char shown[TOKEN_NAME_MAX + 1];

    if (!id && json_has(reply, "org_id"))
        return token_refuse("org_id", "something that is no text", err);
    if (id && strlen(id) > TOKEN_NAME_MAX)
        return token_refuse("org_id", "a name that is too long", err);
    if (id && !token_is_visible(id))
        return token_refuse("org_id", "a character that may not be there",
                            err);
    text_show(shown, sizeof shown, name);
    if (id && *id && !(token->org_id = strdup(id)))
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    if (*shown && !(token->org_name = strdup(shown)))
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

/* A scope that makes no sense is no reason to lose a token: it is left out,
 * as if it had not been sent. */
static int
token_take_scope(const struct json *reply, struct token *token,
                 struct error *err)
{
    const char *scope = json_text(reply, "scope");

    if (!scope || strlen(scope) > TOKEN_SCOPE_MAX)
        return 0;
    for (const char *c = scope; *c; c++)
        if (*c < ' ' || *c >= 0x7f)
            return 0;
    token->scope = strdup(scope);
    if (!token->scope)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

static int64_t
token_lifetime(const struct json *reply, const char *field)
{
    int64_t seconds;

    if (!json_number(reply, field, &seconds))
        return -1;
    if (seconds > TOKEN_LIFETIME_MAX)
        seconds = TOKEN_LIFETIME_MAX;
    return seconds < 0 ? 0 : seconds * 1000;
}

int
token_parse(struct token *token, const struct json *reply, struct error *err)
{
    CLEANUP(token_release) struct token fresh = TOKEN_INIT;

    if (token_check_type(reply, err) < 0 ||
        token_take_secret(reply, "access_token", &fresh.access, err) < 0 ||
        token_take_secret(reply, "refresh_token", &fresh.refresh, err) < 0 ||
        token_take_organization(reply, &fresh, err) < 0 ||
        token_take_scope(reply, &fresh, err) < 0)
        return -1;
    if (secret_is_empty(&fresh.access))
        return error_set(err, FAIL_SERVICE, "reply",
                         "the token server sent no \"access_token\"");
    fresh.lifetime_ms = token_lifetime(reply, "expires_in");
    fresh.refresh_lifetime_ms =
        token_lifetime(reply, "refresh_token_expires_in");
    fresh.authorization_lifetime_ms =
        token_lifetime(reply, "authorization_expires_in");
    token_release(token);
    *token = fresh;
    fresh = (struct token)TOKEN_INIT;
    return 0;
}
