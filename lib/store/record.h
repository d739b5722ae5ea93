/*
 * record.h - one credential as it is kept: both tokens together.
 *
 * A record belongs to an issuer and an organization. Times are milliseconds
 * of real time; 0 means "not known" or "never".
 */
#ifndef PARALLEL_STORE_RECORD_H
#define PARALLEL_STORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/other.h"
#include "lib/base/secret.h"
#include "lib/oauth/provider.h"
#include "lib/oauth/token.h"
#include "lib/wrap/json.h"

/* Where a record was found, or was put last. */
enum record_place {
    RECORD_NOWHERE,    /* only in our memory */
    RECORD_IN_FILE,    /* the private file */
    RECORD_IN_KEYRING, /* the Secret Service */
    RECORD_PARKED      /* the runtime folder, until the keyring opens */
};

struct record {
    char *provider; /* "parallel", or of another service */
    char *issuer;   /* the only place its tokens are ever sent to for renewal
                       or revocation */
    char *service_url;
    char *data_url;
    char *org_id; /* "" when the service did not name one */
    char *org_name;
    char *client_id; /* the tokens were issued to this one */
    char *scopes;
    char *token_endpoint; /* of another provider; "" for the built-in one, */
    char *revocation_endpoint; /* and so on */
    char *hosts;
    char *present;
    struct secret access;
    struct secret refresh;
    struct secret api_key;
    char *api_key_id;      /* "": not made here */
    char *api_key_app;     /* the id of the app it belongs to, or "" */
    char *api_key_name;    /* as the service's list shows it, or "" */
    struct moment issued;  /* boot: only while this boot lasts */
    struct moment expires; /* both 0: the access token does not expire */
    int64_t lifetime;      /* as issued; 0 with no expiry */
    int64_t refresh_expires;
    int64_t authorization_expires;
    int64_t erased; /* when a caller last said that the token was refused */
    int64_t key_erased; /* the same of the API key */
    bool refused;       /* the service refused the refresh token for good */
    enum record_place place;
};

/* A new record for what provider granted to client_id just now. */
int record_init(struct record *r, const struct provider *provider,
                const char *client_id, const struct token *token,
                struct moment now);

/*
 * Take over what a refresh brought. Without a new refresh token the old one
 * stays, with its expiry; the other way round the record is as after a login.
 */
int record_renew(struct record *r, const struct token *token,
                 struct moment now);

/* What it keeps of its provider; points into the record. */
struct provider_kept record_kept(const struct record *r);

/* The id of an API key that a login has brought instead of tokens. */
#define RECORD_KEY_GRANTED "granted"

/* What was granted as an access token is an API key, and all there is. */
int record_turn_to_key(struct record *r);

/* Whether it is an API key alone that a sign-in has brought; none that was
 * pasted or imported. */
bool record_is_granted_key(const struct record *r);

/* The API key of the record, made here (id and app) or not (""): raw is
 * moved. 0, or -1 without memory. */
int record_set_key(struct record *r, struct secret *raw, const char *app_id,
                   const char *id, const char *name);
void record_forget_key(struct record *r);

/* A credential of another service (other.h) in the shape of a record: provider
 * is OTHER_GIT or OTHER_DOCKER, the key stands as the issuer, the user as the
 * organization, the authtype as the client. */
int record_init_other(struct record *r, const struct other *other);
bool record_is_other(const struct record *r);
/* And back; points into the record. */
struct other record_other(const struct record *r);

/* Within the skew, min(30 s, lifetime/4), a token counts as expired. */
struct moment record_usable_until(const struct record *r);
/* Within the window, min(120 s, lifetime/2), it is renewed ahead. */
struct moment record_renew_from(const struct record *r);

/* Whether the refresh token has not been used for so long that it should be,
 * to live on: a day, or a quarter of its life. */
bool record_is_idle(const struct record *r, struct moment now);

/* Whether the access token may be served at now for ttl more ms. */
bool record_is_fresh(const struct record *r, struct moment now, int64_t ttl);

/* What stands beside an exported key, so that it is known for ours: its id, or
 * "pasted" for one that a person has entered. */
const char *record_key_id(const struct record *r);

/* To and from the store's file. record_read() fails on a record that lacks
 * provider or issuer; the other members may be missing. */
void record_write(const struct record *r, struct json *object);
int record_read(struct record *r, const struct json *object);

void record_release(struct record *r);

#endif
