/*
 * POST /getKeys/token: an API key for a code that a browser brought (RFC 6749,
 * section 4.1.3) or for a device code (RFC 8628, section 3.4).
 */
#ifndef PLATFORM_KEYGRANT_H
#define PLATFORM_KEYGRANT_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void keygrant_post(const struct request *request, struct reply *reply);

#endif
