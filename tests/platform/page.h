/*
 * The page where a person approves (RFC 8628, section 3.3): plain HTML forms,
 * no script. GET asks for the code, or with ?user_code= for the decision;
 * POST takes the decision with the one-time value of the form that GET made.
 */
#ifndef PLATFORM_PAGE_H
#define PLATFORM_PAGE_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void page_get(const struct request *request, struct reply *reply);
void page_post(const struct request *request, struct reply *reply);

#endif
