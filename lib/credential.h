/*
 * credential.h - the story: get, login, renew, logout.
 *
 * A struct credential is one run of a program over one person's store. It
 * uses the rooms below: oauth/ asks the service, store/ keeps what lasts,
 * session.h keeps what the front serves.
 *
 *     CLEANUP(credential_close) struct credential c;
 *     if (credential_open(&c, &config, &place, &choice, lock, &err) < 0) ...
 *     switch (credential_token(&c, CREDENTIAL_FRESH, 0, &record, &err)) ...
 *
 * Locks are always taken in this order: the session's "renewing", then the
 * store's. Neither is held while a person is asked.
 */
#ifndef PARALLEL_CREDENTIAL_H
#define PARALLEL_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/account/key.h"
#include "lib/base/error.h"
#include "lib/config.h"
#include "lib/oauth/device.h"
#include "lib/pending.h"
#include "lib/session.h"
#include "lib/store/store.h"

/* Which credential: org NULL stands for any, then the selected one is taken.
 */
struct credential_choice {
    const char *provider; /* NULL: the built-in one */
    const char *org;
    const char *issuer; /* NULL: the configured one, or any */
    bool unattended; /* nobody waits: a keyring that is not running stays so */
};

struct credential {
    const struct config *config; /* not owned */
    const struct place *place;   /* not owned */
    struct credential_choice choice;
    char *chosen_org, *chosen_issuer; /* by credential_choose() */
    char *chosen_provider;
    struct http_options http;
    int64_t lock_limit_ms;
    struct session session;
    struct store store;
    struct moment started;
    bool exempt; /* it is to be ended or looked at: whatever the policy says */
};

enum credential_result {
    CREDENTIAL_FAILED = -1, /* err: trouble; nothing was lost */
    CREDENTIAL_OK = 0,
    CREDENTIAL_NONE,   /* nobody has signed in; err says so */
    CREDENTIAL_REFUSED /* the person has to sign in again; err says so */
};

/* What is wanted of the access token. */
enum credential_demand {
    CREDENTIAL_FRESH, /* one that is not expired: renew only if need be */
    CREDENTIAL_DUE,   /* renew if it is time to and no back-off runs */
    CREDENTIAL_NEW    /* renew now */
};

/* renewing: the front's lock if it passed one on, else -1. 0 or -1. */
int credential_open(struct credential *c, const struct config *config,
                    const struct place *place,
                    const struct credential_choice *choice, int renewing,
                    struct error *err);
void credential_close(struct credential *c);

/* From now on it is this record that c is about. 0 or -1. */
int credential_choose(struct credential *c, const struct record *record,
                      struct error *err);

/* Read what is stored and find the chosen credential; asks nobody. *record
 * belongs to c and stays valid until the next call. CREDENTIAL_FAILED with an
 * id "keyring_...": it may lie in a keyring that does not show it now; with
 * one of policy.h: there is one, and the policy keeps it back. */
enum credential_result credential_find(struct credential *c,
                                       struct record **record,
                                       struct error *err);

/*
 * The chosen credential with a token that satisfies demand and lives for ttl
 * ms more. At most one request; only under both locks; the store is read
 * again under them and room for the answer made before anything is asked.
 */
enum credential_result credential_token(struct credential *c,
                                        enum credential_demand demand,
                                        int64_t ttl, struct record **record,
                                        struct error *err);

/* The ways to sign in. */
enum credential_way {
    WAY_ANY,
    WAY_DEVICE, /* a code for any device (RFC 8628) */
    WAY_BROWSER /* the browser of this machine (RFC 6749 section 4.1) */
};

/*
 * The chosen provider, for a login that way: with its client secret, and where
 * the configuration has only the issuer, with what its metadata tell (asked
 * for until end on the boot clock; 0: no such end). scope NULL: the
 * configuration's. provider is owned by the caller. 0; or -1 with FAIL_INPUT
 * when it cannot be used that way, or as metadata_fetch().
 */
int credential_login_provider(struct credential *c, const char *scope,
                              enum credential_way way, int64_t end,
                              struct provider *provider, struct error *err);

/*
 * The two halves of a login, for whoever waits in his own way.
 *
 * credential_begin() registers if need be and asks for a code, within
 * limit_ms altogether (0: the configuration's limits for each exchange).
 * pending is owned by the caller.
 */
enum credential_result credential_begin(struct credential *c,
                                        const char *scope, int64_t limit_ms,
                                        struct pending *pending,
                                        struct error *err);

enum credential_approval {
    APPROVAL_FAILED = -1, /* the code is of no more use; err */
    APPROVAL_GRANTED = 0, /* *record is the new credential, kept */
    APPROVAL_PENDING,     /* ask again after the interval */
    APPROVAL_DENIED,      /* the person refused; err */
    APPROVAL_EXPIRED      /* the code ran out; err */
};

/* Ask once what the person has decided. A token that is granted is kept
 * before this returns, and no signal ends the process in between. */
enum credential_approval credential_poll(struct credential *c,
                                         struct pending *pending,
                                         struct record **record,
                                         struct error *err);

/* What was read is what the front should know, if nobody else is at it. */
void credential_tell_front(struct credential *c);

/* If something lies where it does not belong (a provisional file, a parked
 * token), and the place where it does is open now: move it. */
void credential_settle(struct credential *c);

/* Move all that is stored to another store, STORE_FILE or STORE_KEYRING. */
enum credential_result credential_move(struct credential *c,
                                       enum store_kind to, struct error *err);

/*
 * The chosen credential with an API key. If it has none, one is made and kept
 * (configuration api_key, api_key_app; scopes keys:create and apps:read).
 * CREDENTIAL_FAILED with id "no_api_key": there is none, and none is made.
 */
enum credential_result credential_key(struct credential *c,
                                      struct record **record,
                                      struct error *err);

/*
 * A call of the Account API with the chosen credential: ask() is called with
 * a fresh access token, and once more with a new one when that is refused.
 */
typedef enum account_result (*credential_ask)(void *context,
                                              const struct account *account,
                                              struct error *err);
enum credential_result credential_call(struct credential *c,
                                       credential_ask ask, void *context,
                                       struct error *err);

/* Make an API key for somebody else: nothing keeps it. app: the id of its
 * app, or NULL for the configured one. key is owned by the caller. */
enum credential_result credential_make_key(struct credential *c,
                                           const char *name, const char *app,
                                           struct key *key, struct error *err);

/* Delete an API key, by its id, or by its name if it was made here. *known:
 * false if only its name was, and the service was not asked. */
enum credential_result credential_delete_key(struct credential *c,
                                             const char *id_or_name,
                                             const char *app, bool *known,
                                             struct error *err);

/* Use the credential of an organization, by id or name, from now on. */
enum credential_result credential_select(struct credential *c,
                                         const char *id_or_name,
                                         struct record **record,
                                         struct error *err);

/* How a login talks to the person. */
struct credential_dialog {
    void *context;
    /* The code is known: show address and code. */
    void (*show)(void *context, const struct device_code *code);
    /* Wait ms until the next poll. Not 0: give up (an interruption, or the
     * program's own limit), with err filled. */
    int (*wait)(void *context, const struct device_code *code, int64_t ms,
                struct error *err);
};

/*
 * Device authorization (RFC 8628) at provider, which is moved: register if
 * need be, ask for a code, show it, poll at once and then by the interval
 * until the person has decided. The new record replaces the one of the same
 * organization, whose refresh token is revoked.
 */
enum credential_result credential_login(struct credential *c,
                                        struct provider *provider,
                                        const struct credential_dialog *dialog,
                                        struct record **record,
                                        struct error *err);

/* What a login in a browser waits for. */
struct credential_browser {
    const char *address;  /* where the person consents; has the state in it */
    const char *redirect; /* where the browser comes back to */
    const char *open;     /* leads a browser of this machine there, once, so
                             that the state does not stand in its arguments */
    int64_t expires_in_ms;
    int64_t ends_boot; /* on the boot clock */
};

struct credential_web_dialog {
    void *context;
    void (*show)(void *context, const struct credential_browser *browser);
    /* Wait until fd is readable, or ends_boot. Not 0: give up, with err. */
    int (*wait)(void *context, const struct credential_browser *browser,
                int fd, struct error *err);
};

/*
 * The login in a browser (RFC 6749 section 4.1, with PKCE and a listener on
 * the loopback address, RFC 8252) at provider. What it brings is kept as
 * above. But Parallel's OAuth provider brings an API key, which is not deleted
 * by a logout, for it may be one that the person had before. It goes into the
 * record of its organization; if the service does not name one, into a record
 * of none, which has no access token. That record is the selected one then.
 */
enum credential_result
credential_login_web(struct credential *c, const struct provider *provider,
                     const struct credential_web_dialog *dialog,
                     struct record **record, struct error *err);

/*
 * Delete the API key that was made for the chosen credential, revoke it at
 * the service, and remove it; all: every one. CREDENTIAL_FAILED with id
 * "revoke": it is removed here, but the service could not be told; a key that
 * lives on there is remembered (store.made).
 */
enum credential_result credential_logout(struct credential *c, bool all,
                                         struct error *err);

/*
 * The last session is over (logout = revoke): end every sign-in here, at once
 * and for good, and then tell the service, with little patience. What it could
 * not be told is kept for that, and nobody gets it. begin false: only that
 * which an earlier call has left. CREDENTIAL_FAILED with id "revoke": the
 * service does not know all of it.
 */
enum credential_result credential_end_session(struct credential *c, bool begin,
                                              struct error *err);

/* A caller says that secret, which it got for origin and path, was refused:
 * an access token is renewed at the next get, an API key forgotten. Anything
 * but a current secret is ignored. */
int credential_erase(struct credential *c, const char *origin,
                     const char *path, const char *secret, struct error *err);

/* A person has entered an API key for an address of ours. Ignored for any
 * other address. */
int credential_set_key(struct credential *c, const char *origin,
                       const char *path, const char *key, struct error *err);

/*
 * What is kept for other services (other.h). credential_read() or
 * credential_owns() comes first: they read the store.
 *
 * credential_owns() is 1 for an address that the configured service or a
 * stored credential of ours has: such an address is never an other one. 0: it
 * has not; -1 with err.
 */
int credential_read(struct credential *c, struct error *err);
int credential_owns(struct credential *c, const char *origin, const char *path,
                    struct error *err);

/* The best one for a request; it points into the store. CREDENTIAL_FAILED:
 * there is one, in a keyring that does not show it. */
enum credential_result
credential_find_other(struct credential *c,
                      const struct other_request *request, struct other *found,
                      struct error *err);

/* Keep what a request tells, if it is something to keep. */
int credential_put_other(struct credential *c,
                         const struct other_request *request,
                         struct error *err);

/* Remove all that a request is about; if it names a secret, only those that
 * have the same one. */
int credential_erase_other(struct credential *c,
                           const struct other_request *request,
                           struct error *err);

/*
 * Another program's API key for an organization of the configured service
 * becomes ours. 1; 0: it was before; -1: also when another key is stored for
 * that organization, which stays. What is selected stays so. org_name may be
 * NULL.
 */
int credential_import_key(struct credential *c, const char *org_id,
                          const char *org_name, const char *key,
                          struct error *err);

/* What the credential has for an address; what a new one would have, when
 * record is NULL. */
enum cache_use credential_match(const struct credential *c,
                                const struct record *record,
                                const char *origin, const char *path);

#endif
