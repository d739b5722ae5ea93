/*
 * lease.h - the credential that a command is lent while it runs.
 *
 *     CLEANUP(lease_release) struct lease lease = LEASE_INIT;
 *     int result = lease_take(&lease, front);        before it starts
 *     ...
 *     if (!lease_look(&lease, front))                when it is time
 *         helper = lease_ask(&lease, front, &answer);
 *     ...
 *     lease_read(&lease, answer)                     when helper has ended
 */
#ifndef PARALLEL_HELPER_LEASE_H
#define PARALLEL_HELPER_LEASE_H

#include <limits.h>
#include <sys/types.h>

#include "helper/front.h"

struct lease {
    struct fields block;   /* a credential block, see cache.h */
    char folder[PATH_MAX]; /* where the token may lie; "": nowhere */
};

#define LEASE_INIT                                                            \
    {                                                                         \
        FIELDS_INIT, ""                                                       \
    }

/*
 * From the cache, or by asking the broker, which renews what has expired.
 * FAIL_NONE when there is a token or an API key (when the token is what is
 * missing, the reason was printed); else an exit code, the reason printed.
 */
int lease_take(struct lease *lease, struct front *front);

/* The token that may be served now, or NULL. */
const char *lease_token(const struct lease *lease);

/* How long until it is time to renew it: ms, 0 now, -1 never. */
int64_t lease_left(const struct lease *lease);

/* Take over what somebody else has renewed. false: nobody has. */
bool lease_look(struct lease *lease, struct front *front);

/*
 * Start a process that ends when there may be something new: the broker, whose
 * answer will lie in *answer (closed by lease_read()), or, when another
 * process renews now, one that waits for that (*answer is then -1). Its id, or
 * -1.
 */
pid_t lease_ask(const struct lease *lease, struct front *front, int *answer);

/* Read and close answer. false: there is nothing in it, or nothing new. */
bool lease_read(struct lease *lease, int answer);

void lease_release(struct lease *lease);

#endif
