/*
 * other.h - credentials of other services: of any host for git, of any
 * registry for docker. We keep them and know nothing about them.
 *
 * They lie in the store beside Parallel's, and nobody sees them but who asks
 * for them in these words. Their texts may be any bytes; in the store and in
 * the cache they are escaped: "%25" for a percent sign, likewise control
 * characters and all that is not ASCII.
 *
 *     any-host:https://host:8443/path     the key of one for git
 *     docker:https://index.docker.io/v1/  and for docker
 *
 * The word in front keeps the keys apart from each other and from the issuers
 * of Parallel's credentials.
 */
#ifndef PARALLEL_BASE_OTHER_H
#define PARALLEL_BASE_OTHER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/fields.h"
#include "lib/base/secret.h"

#define OTHER_GIT    "any-host"
#define OTHER_DOCKER "docker"

/* The longest that one may be, all of its texts together. */
#define OTHER_TEXT_MAX 28000

/* One that is kept; texts escaped, not owned. Times are ms; 0: never. */
struct other {
    const char *key;
    const char *user;
    const char *secret;   /* NULL: only the store has it */
    const char *refresh;  /* a refresh token of that service, or "" */
    const char *authtype; /* the secret is a "credential" of this; or "" */
    int64_t expires;
    int64_t stored;
};

/* What is asked about, or told; texts escaped. */
struct other_request {
    struct secret key, user, secret, refresh, authtype;
    int64_t expires;
    bool any_path, any_user, any_secret; /* not named */
    bool bearing;   /* git: the caller announced the capability authtype */
    bool ephemeral; /* git: not to be kept */
    bool one_user;  /* docker: who is stored replaces whoever is there */
};

/*
 * Understand a block of git's, or the address of a registry. -1: it names no
 * protocol or no host (no address), or memory ran out. Release it in any
 * case.
 */
int other_request_git(struct other_request *request,
                      const struct fields *block);
int other_request_docker(struct other_request *request, const char *server);
/* What is to be kept for it. 0, or -1 when memory ran out. */
int other_request_tell(struct other_request *request, const char *user,
                       const char *secret);
void other_request_release(struct other_request *request);

/* What a request tells, as it would be kept. 0, or -1 when there is nothing
 * to keep in it. */
int other_request_view(const struct other_request *request,
                       struct other *other);

/* Whether a request is about other, by git's rules: what is not named fits
 * any. with_secret: a secret that is named has to be the same one, too. */
bool other_match(const struct other_request *request,
                 const struct other *other, bool with_secret);

/* Whether what is kept can be of use at now (ms, real time). */
bool other_is_alive(const struct other *other, int64_t now);

/* Whether other answers request better than best (key NULL: none yet). */
bool other_is_better(const struct other_request *request,
                     const struct other *other, const struct other *best,
                     int64_t now);

/* Whether both are the same in everything but the time of storing. */
bool other_equals(const struct other *a, const struct other *b);

/*
 * Append the answer, in git's words (nothing, and 0, when it is of no use to
 * this caller) or in docker's. An expired password is left out, and the
 * refresh token alone answered: others in git's chain know what to do with
 * it. -1 when it cannot be an answer, or memory ran out.
 */
int other_answer_git(struct secret *answer,
                     const struct other_request *request,
                     const struct other *other, int64_t now);
int other_answer_docker(struct secret *answer, const struct other *other);

/* Append the bytes that an escaped text stands for. 0 or -1. */
int other_unescape(struct secret *out, const char *text);

/* To and from a block of the session cache, which holds no refresh tokens:
 * of one that has any there is only that it is in the store. */
int other_put_block(struct secret *block, const struct other *other);
int other_read_block(struct other *other, const struct fields *block);

#endif
