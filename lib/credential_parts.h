/*
 * credential_parts.h - what the files of the story share. For them alone.
 */
#ifndef PARALLEL_CREDENTIAL_PARTS_H
#define PARALLEL_CREDENTIAL_PARTS_H

#include <signal.h>

#include "lib/base/journal.h"
#include "lib/credential.h"

/* Both locks, in their order; create: the folders are made when missing. */
int credential_lock(struct credential *c, bool create, struct error *err);
void credential_unlock(struct credential *c);

/* From asking to keeping, no signal may end us. */
void credential_hold_signals(sigset_t *before);
void credential_release_signals(const sigset_t *before);

/* The provider that a record came from: nothing of it goes anywhere else. */
int credential_provider(const struct credential *c, const struct record *r,
                        struct provider *provider, struct error *err);

/* The record that is chosen, or NULL: where the choice is left, the first that
 * the policy lets through; if there is none, any that fits. */
struct record *credential_pick(const struct credential *c);

/* The issuer to choose from, or NULL: any. */
const char *credential_issuer(const struct credential *c);

/* " --provider NAME" for a command to run, or "". out is returned. */
const char *credential_option(const char *provider, char *out, size_t size);
#define CREDENTIAL_OPTION_SIZE 64

/* Nobody is signed in as it was chosen: err says so. CREDENTIAL_NONE. */
enum credential_result credential_signed_out(const struct credential *c,
                                             struct error *err);

/* What is stored of r brings no access token any more: err says what a person
 * has to do. CREDENTIAL_NONE, or after a sign-in that has ended
 * CREDENTIAL_REFUSED. */
enum credential_result credential_sign_in_again(const struct record *r,
                                                struct error *err);

/* credential_token() where both locks are held; *record is read anew. */
enum credential_result credential_token_locked(struct credential *c,
                                               enum credential_demand demand,
                                               int64_t ttl,
                                               struct record **record,
                                               struct error *err);

/*
 * Delete the API key of *r, the chosen record, at the service, if it was made
 * here. Both locks are held; *r may be read anew, and be NULL then. -1 with
 * err: it lives on, and is remembered if the store is kept.
 */
int credential_end_key(struct credential *c, struct record **r,
                       struct error *err);

/* Tell the service that a record is of no more use. 0 also if there is nothing
 * to tell; -1 with err. */
int credential_revoke(struct credential *c, const struct record *r,
                      struct error *err);

/* Forget the API key of a record, but not that it has to be deleted. */
void credential_drop_key(struct credential *c, struct record *r);

/* A record that has ended, and the service has not been told; another one has
 * just taken its place. */
void credential_end_replaced(struct credential *c, struct record *r);

/* Times for one exchange of a sequence that has to end at the given time of
 * the boot clock; 0: no such end. */
struct http_options credential_bound(const struct credential *c, int64_t end);

/* Records are told apart by issuer and organization: a second provider at one
 * issuer would take the place of what the first has brought. The store is
 * loaded. -1 with FAIL_INPUT "issuer". */
int credential_check_issuer(const struct credential *c,
                            const struct provider *provider,
                            struct error *err);

/*
 * Keep what was granted at the time asked, and revoke the refresh token that
 * it takes the place of. *record belongs to the store. -1 with err: it cannot
 * be kept, and is revoked itself.
 */
int credential_keep(struct credential *c, const struct provider *provider,
                    const char *client_id, const struct token *token,
                    struct moment asked, struct record **record,
                    struct error *err);

/* A line in the log about a record; why may be NULL. */
void credential_log(enum journal_event event, const struct record *r,
                    const struct error *why);

/* The same about what did not succeed: refused, or failed. issuer may be
 * NULL. */
void credential_log_trouble(const struct credential *c, const char *issuer,
                            const struct error *why);

/*
 * Whether what was granted just now may be kept. If not, it is given back at
 * the service as far as that can be done, and logged: -1 with FAIL_AUTH
 * POLICY_ORGANIZATION, which tells the person.
 */
int credential_check_approval(struct credential *c,
                              const struct provider *provider,
                              const char *client_id, const struct token *token,
                              struct error *err);

/* Write the store and let the front know. Both locks are held. */
int credential_commit(struct credential *c, struct error *err);

#endif
