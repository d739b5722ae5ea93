/*
 * clock.h - two clocks, in milliseconds.
 *
 * The real clock survives a reboot but can be set; the boot clock counts
 * through suspend and cannot, but starts anew at each boot. An expiry is
 * kept on both and the earlier one wins. 0 stands for "not known".
 */
#ifndef PARALLEL_BASE_CLOCK_H
#define PARALLEL_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct moment {
    int64_t real; /* CLOCK_REALTIME: since 1970 */
    int64_t boot; /* CLOCK_BOOTTIME: since the machine started */
};

struct moment clock_now(void);

/* when + ms on each clock that when knows; never overflows. */
struct moment clock_after(struct moment when, int64_t ms);

/* Whether when is reached at now on any clock that when knows. A moment that
 * knows no clock is never reached. */
bool clock_reached(struct moment when, struct moment now);

#endif
