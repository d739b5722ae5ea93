/*
 * credential_parts.h - what the three files of the story share: credential.c
 * (get, renew), credential_login.c, credential_change.c (logout, erase,
 * keys). For them alone.
 */
#ifndef PARALLEL_CREDENTIAL_PARTS_H
#define PARALLEL_CREDENTIAL_PARTS_H

#include <signal.h>

#include "lib/credential.h"

/* Both locks, in their order; create: the folders are made when missing. */
int credential_lock(struct credential *c, bool create, struct error *err);
void credential_unlock(struct credential *c);

/* From asking to keeping, no signal may end us. */
void credential_hold_signals(sigset_t *before);
void credential_release_signals(const sigset_t *before);

/* The service that a record came from: nothing of it goes anywhere else. */
int credential_provider(const struct record *r, struct provider *provider,
                        struct error *err);

/* Write the store and let the front know. Both locks are held. */
int credential_commit(struct credential *c, struct error *err);

#endif
