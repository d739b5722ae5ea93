/*
 * POST /getServiceKeys/register: a client gets its id.
 */
#ifndef PLATFORM_REGISTRATION_H
#define PLATFORM_REGISTRATION_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void registration_post(const struct request *request, struct reply *reply);

#endif
