/*
 * pending.h - a code that has been shown and not been decided on.
 *
 * It is always the built-in provider's: no login asks for another one by
 * itself. The file "pending" lies in the state folder, 0600: the runtime
 * folder goes away at the last logout, and with it an approval that comes
 * after that would be lost. Who polls holds the lock "polling" beside it, and
 * nobody else writes the file; when nobody polls, any later run may take the
 * lock and poll on.
 */
#ifndef PARALLEL_PENDING_H
#define PARALLEL_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/place.h"
#include "lib/oauth/device.h"
#include "lib/oauth/provider.h"

struct pending {
    struct provider provider;
    char *client_id;
    struct device_code code;
    int64_t ends;      /* real clock, ms */
    int64_t next_poll; /* real clock, ms: not before this */
    bool unseen;       /* it was shown where perhaps nobody looked (ssh) */
    char lost[256]; /* why an answer that was, or may have been, the approval
                       was of no use, or "" */
};

void pending_release(struct pending *pending);

/*
 * Whether the code has run out: by the boot clock, which nobody sets; by the
 * real one for a code of an earlier boot. The service may know better.
 */
bool pending_is_over(const struct pending *pending);

/* How long to wait until the next poll may be made: ms, 0 for now. */
int64_t pending_wait(const struct pending *pending);

enum pending_status {
    PENDING_NONE, /* nothing, or nothing of use */
    PENDING_LIVE,
    PENDING_OVER /* the code has run out, and nobody has noted it yet */
};

/* Read the file. With PENDING_NONE pending is empty. */
enum pending_status pending_load(struct pending *pending,
                                 const struct place *place);

/* Replace the file. 0, or -1 with err. */
int pending_save(const struct pending *pending, const struct place *place,
                 struct error *err);

void pending_remove(const struct place *place);

/* Become the one who polls: the lock's descriptor, or -1 when somebody else
 * still polls after limit_ms. */
int pending_take(const struct place *place, int limit_ms);

/* Whether fd is that lock, passed on to us. */
bool pending_is_taken(const struct place *place, int fd);

#endif
