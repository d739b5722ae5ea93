/*
 * What the OAuth provider tells about itself (RFC 8414).
 */
#ifndef PLATFORM_METADATA_H
#define PLATFORM_METADATA_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

#define METADATA_PATH "/.well-known/oauth-authorization-server"

void metadata_get(const struct request *request, struct reply *reply);

#endif
