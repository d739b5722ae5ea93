/*
 * What the second service is there for: it answers to a bearer token.
 */
#ifndef PLATFORM_RESOURCE_H
#define PLATFORM_RESOURCE_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void resource_any(const struct request *request, struct reply *reply);

#endif
