/*
 * token.h - what a token endpoint grants (RFC 6749 section 5.1).
 */
#ifndef PARALLEL_OAUTH_TOKEN_H
#define PARALLEL_OAUTH_TOKEN_H

#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/wrap/json.h"

#define TOKEN_TEXT_MAX 8192 /* bytes of one token */
#define TOKEN_NAME_MAX 256  /* bytes of an organization's id or name */

struct token {
    struct secret access;
    struct secret refresh;       /* empty: the old one stays (section 6) */
    char *scope;                 /* NULL: as asked for (section 5.1) */
    char *org_id;                /* NULL when not sent */
    char *org_name;              /* cleaned for display; NULL when not sent */
    int64_t lifetime_ms;         /* of the access token; -1: not said */
    int64_t refresh_lifetime_ms; /* -1: not said */
    int64_t authorization_lifetime_ms; /* -1: not said */
};

#define TOKEN_INIT                                                            \
    {                                                                         \
        SECRET_INIT, SECRET_INIT, NULL, NULL, NULL, -1, -1, -1                \
    }

/*
 * Read a successful reply. Required: access_token; token_type, when there,
 * must be Bearer (in any case). Lifetimes may be numbers or strings of
 * digits; a negative one counts as 0, one beyond ten years as ten years; a
 * value that is no number counts as not said. Tokens must be of visible
 * ASCII (RFC 6749 appendix A.12) and at most TOKEN_TEXT_MAX bytes. org_id
 * must be of visible characters without control characters; it is kept as
 * sent (it never becomes a path); one that is not a string or too long is
 * refused. 0; or -1 with FAIL_SERVICE "reply" that names the field and never
 * its contents.
 */
int token_parse(struct token *token, const struct json *reply,
                struct error *err);

void token_release(struct token *token);

#endif
