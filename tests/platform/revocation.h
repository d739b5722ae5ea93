/*
 * POST /getServiceKeys/token/revoke (RFC 7009).
 */
#ifndef PLATFORM_REVOCATION_H
#define PLATFORM_REVOCATION_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void revocation_post(const struct request *request, struct reply *reply);

#endif
