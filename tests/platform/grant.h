/*
 * POST /getServiceKeys/token: tokens for a device code (RFC 8628, section
 * 3.4) or for a refresh token (RFC 6749, section 6).
 */
#ifndef PLATFORM_GRANT_H
#define PLATFORM_GRANT_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

#define GRANT_DEVICE_CODE "urn:ietf:params:oauth:grant-type:device_code"

void grant_post(const struct request *request, struct reply *reply);

#endif
