/*
 * Registered clients. See state.h for the lock.
 */
#ifndef PLATFORM_CLIENT_H
#define PLATFORM_CLIENT_H

#include <stdbool.h>

/* Registers a client; returns its id, which lives till it is forgotten. */
const char *client_new(const char *name);

bool client_is_known(const char *id);

/* The name a client registered with; "" when it is not known (any more). */
const char *client_name(const char *id);

/* Makes every client id unknown. */
void client_reset(void);

#endif
