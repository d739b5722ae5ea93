/*
 * POST /getServiceKeys/device/code, which leads to tokens, and POST
 * /getKeys/device/code, which leads to an API key (RFC 8628, section 3.1).
 */
#ifndef PLATFORM_DEVICE_H
#define PLATFORM_DEVICE_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void device_post(const struct request *request, struct reply *reply);
void device_post_for_key(const struct request *request, struct reply *reply);

#endif
