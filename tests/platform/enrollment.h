/*
 * POST /getKeys/register: an application gets its id for the addresses to
 * which browsers may be sent back.
 */
#ifndef PLATFORM_ENROLLMENT_H
#define PLATFORM_ENROLLMENT_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void enrollment_post(const struct request *request, struct reply *reply);

#endif
