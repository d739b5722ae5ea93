/*
 * lock.h - kernel locks (open file description locks) with a time limit.
 *
 * A lock lies on a file of its own, belongs to the descriptor, and ends when
 * the last copy of that descriptor is closed: by close(), by death, never by
 * an F_UNLCK (which would also free whoever inherited it). A crashed holder
 * therefore never leaves a lock behind.
 */
#ifndef PARALLEL_BASE_LOCK_H
#define PARALLEL_BASE_LOCK_H

#include "lib/base/error.h"

enum lock_kind {
    LOCK_SHARED,   /* to wait until nobody holds it exclusively */
    LOCK_EXCLUSIVE /* to do the work */
};

enum lock_status {
    LOCK_TAKEN = 0,
    LOCK_BUSY = 1, /* somebody else held it all the time */
    LOCK_FAILED = -1
};

/*
 * Take the lock folder/name (made when missing, 0600) within limit_ms; 0
 * only tries. The descriptor that holds it goes to *fd (close-on-exec).
 * While it waits, SIGALRM and the real-time interval timer are in use.
 */
enum lock_status lock_take(int folder, const char *shown, const char *name,
                           enum lock_kind kind, int limit_ms, int *fd,
                           struct error *err);

/*
 * Whether fd is a descriptor that somebody who started us passed on as the
 * lock folder/name, held exclusively; or can be made that. (false may leave a
 * lock on it.)
 */
int lock_is_ours(int folder, const char *name, int fd);

#endif
