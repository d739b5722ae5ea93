/*
 * config_value.h - the types of value that a configuration key can have.
 */
#ifndef PARALLEL_CONFIG_VALUE_H
#define PARALLEL_CONFIG_VALUE_H

#include "lib/base/error.h"
#include "lib/store/kind.h"

/* What a key is set to, and in which kind of variable it is kept. */
enum config_type {
    TYPE_TEXT,     /* char *: visible characters */
    TYPE_URL,      /* char *: https, or http to this machine; the slashes at
                      its end are dropped */
    TYPE_PROXY,    /* char *: a proxy's address, or "none", kept as "" */
    TYPE_PATH,     /* char *: absolute */
    TYPE_SCOPES,   /* char *: words */
    TYPE_STORE,    /* enum store_kind: auto, secret-service, file */
    TYPE_API_KEY,  /* enum api_key_source: account, none, provider */
    TYPE_LOGOUT,   /* enum logout_mode: keep, revoke */
    TYPE_BOOLEAN,  /* bool: yes, no */
    TYPE_LOG,      /* enum journal_level: none, notice, debug */
    TYPE_DURATION, /* int64_t, ms: 3, 3s, 1.5s, 500ms, 2min, 1h */
    /* of [provider NAME] */
    TYPE_ISSUER,         /* char *: an address without '?', to the letter */
    TYPE_ENDPOINT,       /* char *: an address, to the letter */
    TYPE_HOSTS,          /* char *: addresses or hosts; kept as origins, or
                            origins with a path and a slash */
    TYPE_CLIENT,         /* char *: visible characters and blanks */
    TYPE_REDIRECT,       /* char *: http://127.0.0.1[:PORT][/PATH] */
    TYPE_GRANT,          /* enum provider_grant */
    TYPE_REGISTRATION,   /* enum provider_registration */
    TYPE_REVOCATION,     /* enum provider_revocation */
    TYPE_AUTHENTICATION, /* enum provider_authentication */
    TYPE_PRESENT,        /* enum provider_present */
};

/* Where a credential gets its API key from, if it has none. */
enum api_key_source {
    API_KEY_ACCOUNT, /* one is made with the access token */
    API_KEY_NONE,    /* none is made */
    API_KEY_PROVIDER /* a login brings one, and no access token */
};

/* What the last logout of a person does with the sign-ins. */
enum logout_mode {
    LOGOUT_KEEP,  /* nothing */
    LOGOUT_REVOKE /* it ends them */
};

/* Set the variable at slot from value. name is for messages. 0, or -1 with a
 * FAIL_INPUT; the variable is then as it was. */
int config_value_set(void *slot, enum config_type type, const char *name,
                     const char *value, struct error *err);

/* The value as one would write it; NULL when it is not set. Owned by the
 * caller. */
char *config_value_text(const void *slot, enum config_type type);

#endif
