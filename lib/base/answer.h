/*
 * answer.h - git's credential protocol: what was asked, what is answered.
 *
 * Used by the front and by the broker.
 */
#ifndef PARALLEL_BASE_ANSWER_H
#define PARALLEL_BASE_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/fields.h"
#include "lib/base/secret.h"
#include "lib/base/url.h"

#define ANSWER_TOKEN_USER "parallel-token"
#define ANSWER_KEY_USER   "parallel-key"

struct request {
    char origin[URL_ORIGIN_SIZE];
    const char *path;     /* without a slash in front; "" when not sent */
    const char *username; /* NULL when not sent */
    const char *password; /* also the "credential" of authtype; or NULL */
    bool expires;         /* a password_expiry_utc was sent */
    bool authtype;        /* the caller announced the capability */
};

/*
 * Read one block from fd, with a "url" line taken apart: what stood before it
 * is dropped and protocol, host, path, username and password are as the last
 * one says, for lines behind it to change. One that is no address leaves
 * nothing but those. -1 with err, as fields_read().
 */
int request_receive(struct fields *block, int fd, struct error *err);

/* Understand a block. What it points to belongs to the block. -1 when it is
 * not about an http(s) address. */
int request_read(struct request *request, const struct fields *block);

/* How an access token is presented, if not as a Bearer token. */
#define ANSWER_AS_KEY   "x-api-key"
#define ANSWER_AS_BASIC "basic"

/*
 * Append the answer for an access token (expires_at in ms, 0: never; present
 * NULL, "" or ANSWER_AS_...) or an API key: username and password, or for a
 * caller that can authtype the Bearer form. Nothing is appended, and 0
 * returned, when the request names another user. A token that is no Bearer
 * token is never given as one; its user is that of a key with ANSWER_AS_KEY.
 * -1 when memory ran out.
 */
int answer_token(struct secret *answer, const struct request *request,
                 const char *token, int64_t expires_at, const char *present);

/* Append what stands behind "Authorization: Basic " for token. 0 or -1. */
int answer_basic(struct secret *line, const char *token);
int answer_key(struct secret *answer, const struct request *request,
               const char *key);

#endif
