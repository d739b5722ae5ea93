/*
 * pending.h - a code that has been shown and not been decided on.
 *
 * The file "pending" lies beside the session cache, 0600. Who polls holds the
 * lock "polling" beside it; when nobody does, any later run may take it and
 * poll on, so that an approval is never lost.
 */
#ifndef PARALLEL_PENDING_H
#define PARALLEL_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/oauth/device.h"
#include "lib/oauth/provider.h"

#define PENDING_NAME      "pending"
#define PENDING_LOCK_NAME "polling"

struct pending {
    struct provider provider;
    char *client_id;
    struct device_code code;
    int64_t ends;      /* real clock, ms */
    int64_t next_poll; /* real clock, ms: not before this */
    bool unseen;       /* it was shown where perhaps nobody looked (ssh) */
};

void pending_release(struct pending *pending);

/* Whether the code has run out, on either clock. */
bool pending_is_over(const struct pending *pending);

/* How long to wait until the next poll may be made: ms, 0 for now. */
int64_t pending_wait(const struct pending *pending);

enum pending_status {
    PENDING_NONE, /* nothing, or nothing of use */
    PENDING_LIVE,
    PENDING_OVER /* the code has run out, and nobody has noted it yet */
};

/*
 * Read the file in folder. boot_matters: the folder does not outlive the
 * boot. With PENDING_NONE pending is empty.
 */
enum pending_status pending_load(struct pending *pending, int folder,
                                 bool boot_matters);

/* Replace the file. 0, or -1 with err. */
int pending_save(const struct pending *pending, int folder, const char *shown,
                 bool boot_matters, struct error *err);

void pending_remove(int folder);

/* Become the one who polls: the lock's descriptor, or -1 when somebody else
 * polls. */
int pending_take(int folder);

#endif
