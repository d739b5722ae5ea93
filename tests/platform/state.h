/*
 * The platform's state as a whole. There is one platform in a process, so
 * each part of the state (config, client, org, code, token, key, trouble,
 * gate, count, log) is a module with static data, and one lock guards them
 * all: unless a header says otherwise, their functions want it held.
 *
 * One condition goes with the lock. Whoever changes something that somebody
 * may wait for calls state_changed(); waiting is
 *
 *     while (!what_i_wait_for() && state_wait(deadline))
 *         continue;
 */
#ifndef PLATFORM_STATE_H
#define PLATFORM_STATE_H

#include <json-c/json.h>
#include <stdbool.h>

void state_lock(void);
void state_unlock(void);

/* Wakes all who wait. */
void state_changed(void);

/*
 * Lets go of the lock till something changes. False when the deadline (see
 * clock_now) has passed or the platform ends.
 */
bool state_wait(double deadline);

/* Makes every wait end, now and later. Takes the lock itself. */
void state_stop(void);

/* The number of resets so far: requests from before one are abandoned. */
unsigned state_epoch(void);

/* Whether the platform ends or was reset since that epoch. */
bool state_is_over(unsigned epoch);

/* Forgets everything; the configuration goes back to its defaults. */
void state_reset(void);

/* What GET /state answers. */
struct json_object *state_describe(void);

#endif
