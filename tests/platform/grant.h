/*
 * POST /getServiceKeys/token: tokens for a device code (RFC 8628, section
 * 3.4) or for a refresh token (RFC 6749, section 6).
 */
#ifndef PLATFORM_GRANT_H
#define PLATFORM_GRANT_H

#include <stdbool.h>

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

#define GRANT_DEVICE_CODE "urn:ietf:params:oauth:grant-type:device_code"

struct code;

/*
 * A poll: true when the code was approved and is now used; otherwise why not
 * is the answer. code may be NULL.
 */
bool grant_poll(struct code *code, const char *client_id, struct reply *reply);

void grant_post(const struct request *request, struct reply *reply);

#endif
