/*
 * permit.h - whether the administrator's policy lets a person, a stored
 * credential or a new one through.
 *
 * Every function here returns 0, or -1 with FAIL_AUTH and one of the ids of
 * policy.h; the text names the line that says so.
 */
#ifndef PARALLEL_PERMIT_H
#define PARALLEL_PERMIT_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/config.h"
#include "lib/oauth/provider.h"
#include "lib/oauth/token.h"
#include "lib/store/record.h"

/* Ask the databases whether the one who runs us is to be connected. The answer
 * is kept in config, and permit_record() heeds it. */
void permit_find_person(struct config *config);
int permit_person(const struct config *config, struct error *err);

/*
 * Whether what is stored may be handed out: to this person, from this issuer
 * and for its addresses if they are locked, of this organization. err may be
 * NULL.
 */
int permit_record(const struct config *config, const struct record *r,
                  struct error *err);

/* Whether an organization may approve. Policy about organizations is about
 * Parallel's, whatever the section is called that has its addresses; not
 * about those of other providers. org_id NULL or "": not named. */
int permit_organization(const struct config *config,
                        const struct provider_kept *provider,
                        const char *org_id, const char *org_name,
                        struct error *err);

/* Whether organizations are a question: then a key of none does not count. */
bool permit_asks_organization(const struct config *config);

/* Whether a key may be kept that does not tell its organization. */
int permit_foreign_key(const struct config *config, struct error *err);

/* Whether a section that the person has a say in may be signed in to: where it
 * gets its tokens at an address of Parallel's, it is a way around what is
 * locked about a sign-in there. provider is complete, its metadata are known.
 */
int permit_section(const struct config *config,
                   const struct provider *provider, struct error *err);

/* What a command line asks of a login. provider NULL: the built-in one; scope
 * NULL: what is configured; web: the way that brings an API key. */
int permit_login(const struct config *config, const char *provider,
                 const char *scope, bool web, struct error *err);

#endif
