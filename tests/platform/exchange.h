/*
 * POST /oauth/token of the second service: tokens for a code or for a refresh
 * token (RFC 6749, sections 4.1.3 and 6), for a client that has its secret.
 */
#ifndef PLATFORM_EXCHANGE_H
#define PLATFORM_EXCHANGE_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void exchange_post(const struct request *request, struct reply *reply);

#endif
