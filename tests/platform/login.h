/*
 * /oauth/authorize of the second service: a person signs in, and grants or
 * refuses (RFC 6749, section 4.1.1). Unless one is configured, any address
 * at http of this computer is a good redirect_uri.
 */
#ifndef PLATFORM_LOGIN_H
#define PLATFORM_LOGIN_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

#define LOGIN_PATH "/oauth/authorize"

void login_get(const struct request *request, struct reply *reply);
void login_post(const struct request *request, struct reply *reply);

#endif
