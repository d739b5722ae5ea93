/*
 * What the OAuth endpoints have in common.
 */
#ifndef PLATFORM_OAUTH_H
#define PLATFORM_OAUTH_H

#include <stdbool.h>

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

/*
 * An error of RFC 6749, section 5.2: 400, for invalid_client 401 with
 * WWW-Authenticate left out, as no client authenticates here.
 */
void oauth_error(struct reply *reply, const char *error,
                 const char *description);

/* 401 invalid_client with the words by which clients know it. */
void oauth_unknown_client(struct reply *reply);

/* Whether the request holds a good form; answers invalid_request if not. */
bool oauth_has_form(const struct request *request, struct reply *reply);

/* A field that must be there, not empty; else answers and returns NULL. */
const char *oauth_field(const struct request *request, const char *name,
                        struct reply *reply);

/*
 * Checks client_id: false, and answered, when it is not known, or missing
 * while needed. out gets it, or NULL.
 */
bool oauth_client(const struct request *request, bool needed, const char **out,
                  struct reply *reply);

/* The same for the OAuth provider's applications; out is never NULL then. */
bool oauth_application(const struct request *request, const char **out,
                       struct reply *reply);

/* A grant_type, and what answers it. */
struct oauth_grant {
    const char *type;
    void (*answer)(const struct request *request, struct reply *reply);
};

/* Answers by the grant that a good form names; the last one's type is NULL. */
void oauth_grant(const struct request *request,
                 const struct oauth_grant *grants, struct reply *reply);

#endif
