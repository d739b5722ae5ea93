/*
 * Sending the browser back to the application (RFC 6749, section 4.1.2).
 */
#ifndef PLATFORM_REDIRECT_H
#define PLATFORM_REDIRECT_H

#include "tests/platform/reply.h"

/* What is sent back: one parameter, and those that every answer has. */
struct redirect_answer {
    const char *name;
    const char *value;
    const char *state;  /* as it came; NULL: none */
    const char *issuer; /* sent as iss (RFC 9207); NULL: not */
};

/*
 * The address with the answer, dressed as kind ("redirect" or
 * "second-redirect", see config.h): a value that is a list comes as many
 * times. To be freed.
 */
char *redirect_address(const char *redirect_uri, const char *kind,
                       const struct redirect_answer *answer);

/* Answers 303 to that address, which is freed. */
void redirect_send(struct reply *reply, char *address);

#endif
