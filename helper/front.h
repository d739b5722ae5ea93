/*
 * front.h - the program that people and tools call.
 *
 * It answers from the session cache and hands everything else over to the
 * broker, with its arguments, its environment, what it has read from
 * standard input, and the lock if it holds it:
 *
 *     read the request ── cache good? ── yes ── answer ── due? ── start a
 *                              │                          detached broker
 *                              no
 *                              │
 *                   lock "renewing" free? ── yes ── become the broker
 *                              │
 *                              no ── wait for it ── look again
 *
 * It links nothing but libc and never asks the password database.
 */
#ifndef PARALLEL_HELPER_FRONT_H
#define PARALLEL_HELPER_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/answer.h"
#include "lib/base/cache.h"
#include "lib/base/error.h"
#include "lib/base/fields.h"
#include "lib/base/place.h"
#include "lib/base/shell.h"
#include "lib/base/url.h"

struct front {
    char **argv;
    const char *verb;
    const char *org;      /* --org, or NULL */
    const char *provider; /* --provider, or NULL */
    const char *issuer;   /* --issuer, of exec alone, or NULL */
    bool api_key;         /* --api-key */
    bool any_host;        /* --any-host */
    bool quiet;           /* --quiet */
    bool session;         /* --session */
    enum shell shell;     /* --sh and the like */
    int64_t min_ttl;      /* --min-ttl, ms */
    char **command;       /* of exec; NULL when there is none */
    struct place place;
    struct cache cache;
    int folder;            /* of the cache; -1 when there is none */
    int lock;              /* "renewing", or -1 */
    struct fields request; /* the block on standard input */
    bool has_request;
    struct secret input; /* or what else stood there */
    bool has_input;
};

/* What a verb ends with: an exit code of error.h, or this. */
#define FRONT_HANDOVER (-1)

/* The verbs: each answers, or returns FRONT_HANDOVER. */
int front_get(struct front *front);
int front_store(struct front *front);
int front_erase(struct front *front);
int front_token(struct front *front);
int front_header(struct front *front);
int front_capability(struct front *front);
int front_env(struct front *front);
int front_exec(struct front *front);

/* The same for any host, when the address is none of ours: other.c. */
int front_get_other(struct front *front);
int front_store_other(struct front *front);
int front_erase_other(struct front *front);

/* Whether an address is the configured service's or of a credential in the
 * cache, which is good. */
bool front_owns(const struct front *front, const struct request *request);

/* docker-credential-parallel: docker.c. */
bool front_is_docker(const char *program);
int front_docker(struct front *front);

/*
 * session-open UID GID [OPTIONS], by the PAM module as root. First
 * front_drop_privileges(), for good, then front_reset_signals(), then the
 * rest as any program of the person's.
 */
int front_drop_privileges(const char *uid, const char *gid);
void front_reset_signals(void);
int front_session_open(struct front *front);

/* Open the cache. true when it is good. */
bool front_open(struct front *front);

/* The block that --org, --provider and PARALLEL_PLATFORM_URL choose, or NULL;
 * with --issuer always NULL: the broker knows whether that is allowed. */
const struct fields *front_chosen(const struct front *front);

/*
 * Called with a credential whose token is wanted: NULL when the cache has
 * none yet. Returns FAIL_NONE when the token may be served; FRONT_HANDOVER
 * when the broker has to act (front->lock is then held, unless renewing is
 * not the question); FRONT_AGAIN after somebody else has renewed: look at
 * front->cache once more; or an exit code with the reason printed.
 */
#define FRONT_AGAIN (-2)
int front_settle(struct front *front, const struct fields *credential,
                 struct moment started);

/* After the answer: renew in the background what is due. Standard output has
 * then ended. */
void front_renew_behind(struct front *front, const struct fields *credential);

/* The API key that the person has exported, or NULL. One that we exported
 * ourselves does not count: it may have been replaced since. Nor does any
 * where the credential (NULL: none is known) says so. */
const char *front_own_key(const struct fields *credential);

/* The API key that counts: that one, else the stored one, else "". */
const char *front_key(const struct fields *credential);

/* Write a finished answer to standard output. An exit code. */
int front_answer(const struct secret *answer);

/* Print "parallel-credential: text" on standard error; nothing any more after
 * front_hush(). */
void front_complain(const char *text);
void front_hush(void);

/* Become the broker; returns only when that failed, with an exit code. */
int front_become_broker(struct front *front);

#endif
