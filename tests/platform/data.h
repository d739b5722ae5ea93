/*
 * The data API: any path is an echo for who has an API key.
 */
#ifndef PLATFORM_DATA_H
#define PLATFORM_DATA_H

#include "tests/platform/reply.h"
#include "tests/platform/request.h"

void data_any(const struct request *request, struct reply *reply);

#endif
