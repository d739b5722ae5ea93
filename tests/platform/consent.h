/*
 * What a browser was sent for: a person is asked whether an application may
 * have what it wants, and the application gets a code (RFC 6749, section
 * 4.1). The OAuth provider and the second service both ask; each knows only
 * its own. See state.h for the lock.
 */
#ifndef PLATFORM_CONSENT_H
#define PLATFORM_CONSENT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "tests/platform/pick.h"
#include "tests/platform/request.h"
#include "tests/platform/secret.h"
#include "tests/platform/stub.h"

enum consent_state {
    CONSENT_PENDING,
    CONSENT_APPROVED, /* a code is out */
    CONSENT_DENIED,
    CONSENT_EXPIRED,
    CONSENT_USED,  /* the code was redeemed */
    CONSENT_REUSED /* and came again: what it brought is dead */
};

/* What an application asks for; NULL for what it does not send. */
struct consent_question {
    enum port port; /* who is asked */
    const char *client_id;
    const char *redirect_uri;
    const char *scope;
    const char *state;
    const char *challenge;
    const char *issuer; /* what is sent back as iss */
};

struct consent {
    enum port port;
    char id[UUID_LENGTH];       /* names it on the page */
    char digest[DIGEST_LENGTH]; /* of the code; "": none yet */
    char *client_id;
    char *redirect_uri;
    char *scope;
    char *state;
    char *challenge;
    char *issuer;
    struct stubs stubs; /* of its page */
    enum consent_state status;
    double ends;    /* of the question, then of the code */
    bool signed_in; /* the person told the second service who it is */
    struct pick pick;
    char key_id[UUID_LENGTH]; /* the API key that the code brought */
    unsigned family;          /* the tokens that the code brought */
    struct consent *next;     /* older */
};

struct consent *consent_new(const struct consent_question *question);

/* The one that a page's form names, or NULL. */
struct consent *consent_find(enum port port, const char *id);

/* The newest pending one with that state ("any": whatever), or NULL. */
struct consent *consent_by_state(const char *state);

/* The one whose code that is, or NULL. */
struct consent *consent_by_code(enum port port, const char *code);

/* What has become of it by now. */
enum consent_state consent_status(const struct consent *consent);

const char *consent_status_name(enum consent_state status);

/*
 * The person decides. Returns the address to send the browser to, to be
 * freed; NULL when it is not pending.
 */
char *consent_approve(struct consent *consent, const struct pick *pick);
char *consent_deny(struct consent *consent);

/*
 * Redeems its code. Returns NULL, or why not; a code that comes again ends
 * the API key or the tokens that it brought.
 */
const char *consent_redeem(struct consent *consent, const char *client_id,
                           const char *redirect_uri, const char *verifier);

struct json_object *consent_describe(void);

void consent_reset(void);

#endif
