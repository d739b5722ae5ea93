/*
 * Redeeming the code that a browser brought back (RFC 6749, section 4.1.3).
 */
#ifndef PLATFORM_WEBCODE_H
#define PLATFORM_WEBCODE_H

#include <stdbool.h>

#include "tests/platform/consent.h"
#include "tests/platform/reply.h"
#include "tests/platform/request.h"

/*
 * The consent of that service whose code the request holds, with the
 * redirect_uri and, if proof is wanted, the code_verifier (RFC 7636, section
 * 4.5): it is redeemed now. NULL, and answered, when it cannot be.
 */
struct consent *webcode_redeem(const struct request *request, enum port port,
                               const char *client_id, bool proof,
                               struct reply *reply);

#endif
