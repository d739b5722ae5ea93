/*
 * browser.h - the person's browser, when there is one here.
 */
#ifndef PARALLEL_BROKER_BROWSER_H
#define PARALLEL_BROKER_BROWSER_H

#include <stdbool.h>

/* Whether the person sits in front of a desktop of this very machine: a
 * display is set, and this is no ssh session. */
bool browser_is_here(void);

/* Whether this is a session over ssh. */
bool browser_is_remote(void);

/* Why a login should not begin in a browser of this machine, in a few words;
 * NULL: one can be opened, and it is this machine's. */
const char *browser_is_absent(void);

/* Become what opens address. Returns only when that could not be started. */
void browser_become(const char *address);

/* Open address, in the background, with xdg-open or what $BROWSER names
 * through it. false when that could not be started. */
bool browser_open(const char *address);

#endif
