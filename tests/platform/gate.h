/*
 * The gate: requests stand here till the test opens it, so a test decides in
 * which order things happen. See state.h for the lock.
 */
#ifndef PLATFORM_GATE_H
#define PLATFORM_GATE_H

#include <stdbool.h>

/* Stands till the gate opens; false when the request is to be abandoned. */
bool gate_stand(void);

/* Lets all pass who stand here now; returns how many. */
unsigned gate_open(void);

/* How many stand here. */
unsigned gate_standing(void);

#endif
