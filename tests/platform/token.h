/*
 * Tokens and the families they belong to. A family is one authorization: the
 * tokens issued for an approved device code, and all that came of refreshing
 * them. Each refresh spends the refresh token and gives a new one; a spent
 * one that comes again means that somebody else has it, so the whole family
 * ends (RFC 9700, section 4.14.2). Only digests are kept. See state.h for the
 * lock.
 */
#ifndef PLATFORM_TOKEN_H
#define PLATFORM_TOKEN_H

#include <json-c/json.h>
#include <stdbool.h>

#include "tests/platform/request.h"
#include "tests/platform/secret.h"

struct family {
    unsigned number; /* from 1 */
    enum port port;  /* whose it is: PORT_PLATFORM or PORT_SECOND */
    char *client_id;
    char *org_id;
    char *scope;
    const char *revoked; /* the reason; NULL while it is good */
    bool access_revoked; /* its access tokens are dead as well */
    double ends;         /* of the authorization */
    double refresh_ends; /* of the newest refresh token */
    unsigned long refreshes;
    unsigned long access_tokens; /* issued so far */
    unsigned live;               /* of them, see token_describe */
    char refresh_id[9]; /* first 8 hex digits of the newest token's digest */
    char access_id[9];
    struct family *next;
};

/* Newly issued tokens: what the client gets, times in seconds from now. */
struct issue {
    const struct family *family;
    char access[SECRET_LENGTH];
    char refresh[SECRET_LENGTH]; /* "" when the old one stays good */
    double access_left;
    double refresh_left;
    double authorization_left;
};

enum token_refresh {
    TOKEN_REFRESHED,
    TOKEN_UNKNOWN,
    TOKEN_OTHER_CLIENT,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    TOKEN_REUSED /* the family is revoked now */
};

/* A new family of that service and its first tokens. */
void token_begin(enum port port, const char *client_id, const char *org_id,
                 const char *scope, struct issue *out);

/*
 * Refreshes a token of that service. client_id may be NULL: then the token is
 * not bound to it. With rotate false the refresh token stays as it is.
 */
enum token_refresh token_refresh(enum port port, const char *refresh,
                                 const char *client_id, bool rotate,
                                 struct issue *out);

/* Why it was not refreshed, in words. */
const char *token_refresh_words(enum token_refresh why);

/*
 * Ends the family of a platform's refresh token (RFC 7009); its access tokens
 * live on till they expire. An unknown one is nothing to worry about. False,
 * and nothing done, when client_id is not NULL and not the family's.
 */
bool token_revoke(const char *refresh, const char *client_id);

/* Ends a family by its number, access tokens as well; false: no such one. */
bool token_revoke_family(unsigned number);

/* The family of a live access token of that service, or NULL. */
const struct family *token_check_access(enum port port, const char *access);

/* The family of a refresh token that could be used now, of either service,
 * or NULL. */
const struct family *token_check_refresh(const char *refresh);

struct json_object *token_describe(void);

void token_reset(void);

#endif
