/*
 * The Account API: apps, API keys and the balance of the organization that an
 * access token (RFC 6750) was issued for. A scope that is missing is answered
 * 403, any other trouble with the token 401; an API key is no access token.
 */
#ifndef PLATFORM_ACCOUNT_H
#define PLATFORM_ACCOUNT_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void account_list_apps(const struct request *request, struct reply *reply);
void account_create_app(const struct request *request, struct reply *reply);
void account_delete_app(const struct request *request, struct reply *reply);
void account_create_key(const struct request *request, struct reply *reply);
void account_delete_key(const struct request *request, struct reply *reply);
void account_balance(const struct request *request, struct reply *reply);
void account_add_balance(const struct request *request, struct reply *reply);

#endif
