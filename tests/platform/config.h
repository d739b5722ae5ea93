/*
 * What the platform does when nothing is in trouble: lifetimes, intervals,
 * and what its replies look like. See state.h for the lock.
 */
#ifndef PLATFORM_CONFIG_H
#define PLATFORM_CONFIG_H

#include <json-c/json.h>
#include <stdbool.h>

struct config {
    double access_lifetime; /* all in seconds */
    double refresh_lifetime;
    double authorization_lifetime;
    double code_lifetime;     /* of device codes */
    double consent_lifetime;  /* how long the page waits for the person */
    double web_code_lifetime; /* of the codes that browsers bring back */
    double interval;
    double metadata_junk;    /* bytes added to the metadata */
    double approve_after;    /* codes approve themselves; negative: no */
    bool rotate;             /* each refresh spends the refresh token */
    bool numbers_as_strings; /* in the token and device replies */
};

const struct config *config(void);

/* The only redirect_uri the second service takes; NULL: see login.h. */
const char *config_second_redirect_uri(void);

/* The only way its clients may authenticate; NULL: either. */
const char *config_second_auth_method(void);

/* What approve_after is after config_reset(); negative: off. */
void config_set_approve_after(double seconds);

/*
 * Applies the body of POST /config: all of it, or none when something in it
 * is wrong. Returns NULL, or what is wrong, to be freed.
 */
char *config_change(struct json_object *in);

/*
 * Whether replies of this kind go without field. A kind is "device", "token",
 * "register", "apps", "app", "key", "balance", "metadata", "keys-token",
 * "keys-register", "keys-code", "second-token", or, for the parameters sent
 * back with the browser, "redirect" or "second-redirect". A name in `omit` and
 * `override` is a field that device and token replies have, or "kind:field",
 * which `override` also adds where it is missing.
 */
bool config_omits(const char *kind, const char *field);

/* Applies omit, override and numbers_as_strings to a reply. */
void config_dress(struct json_object *reply, const char *kind);

struct json_object *config_describe(void);

void config_reset(void);

#endif
