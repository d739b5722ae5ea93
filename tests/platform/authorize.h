/*
 * /getKeys/authorize: the page where a person picks the API key that an
 * application gets, or refuses (RFC 6749, section 4.1.1).
 */
#ifndef PLATFORM_AUTHORIZE_H
#define PLATFORM_AUTHORIZE_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void authorize_get(const struct request *request, struct reply *reply);
void authorize_post(const struct request *request, struct reply *reply);

#endif
