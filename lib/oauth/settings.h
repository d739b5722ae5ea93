/*
 * settings.h - what a section [provider NAME] of the configuration says.
 */
#ifndef PARALLEL_OAUTH_SETTINGS_H
#define PARALLEL_OAUTH_SETTINGS_H

#include <stdbool.h>

/* The words of each stand in settings.c, in this order. */
enum provider_grant {
    GRANT_AUTO,   /* what the server offers; of both, what suits the place */
    GRANT_DEVICE, /* RFC 8628 */
    GRANT_CODE    /* the authorization code of RFC 6749, in a browser */
};

enum provider_registration {
    REGISTRATION_NONE,
    REGISTRATION_PARALLEL_JSON, /* POST {"client_name","platform"} */
    REGISTRATION_RFC7591,
    REGISTRATION_PARALLEL_REDIRECT /* POST {"redirect_uris"}, each login; for
                                      the built-in provider alone */
};

enum provider_revocation {
    REVOCATION_NONE,
    REVOCATION_PARALLEL, /* form refresh_token, no authentication */
    REVOCATION_RFC7009
};

/* How the client authenticates at the token endpoint, the device
 * authorization endpoint and for RFC 7009 (RFC 6749 section 2.3.1). */
enum provider_authentication {
    AUTHENTICATION_NONE, /* client_id in the form */
    AUTHENTICATION_BASIC,
    AUTHENTICATION_POST /* client_id and client_secret in the form */
};

/* How the access token is handed to the provider's hosts. */
enum provider_present { PRESENT_BEARER, PRESENT_X_API_KEY, PRESENT_BASIC };

/* All texts are owned; NULL: not set. */
struct provider_settings {
    char *name;
    char *issuer;
    char *authorization_endpoint;
    char *device_authorization_endpoint;
    char *registration_endpoint;
    char *revocation_endpoint;
    char *token_endpoint;
    char *client_id;
    char *client_secret_file;
    char *redirect_uri; /* http://127.0.0.1, port and path if they are fixed */
    char *scopes;
    char *hosts; /* origins, or origins with a path and a slash; blanks */
    enum provider_grant grant;
    bool pkce;
    enum provider_registration registration;
    enum provider_revocation revocation;
    enum provider_authentication authentication;
    enum provider_present present;
};

/* The words that stand for the values of an enum, NULL at the end. */
extern const char *const settings_grant_words[];
extern const char *const settings_registration_words[];
extern const char *const settings_revocation_words[];
extern const char *const settings_authentication_words[];
extern const char *const settings_present_words[];

/* The value of a word, or -1. */
int settings_value_of(const char *const *words, const char *word);

/* Whether a section may have this name: 1 to 32 small letters, digits and
 * hyphens, no hyphen first, and none that stands for something else in a
 * record. */
bool settings_name_is_free(const char *name);

void settings_release(struct provider_settings *settings);

#endif
