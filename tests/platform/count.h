/*
 * Counters. A request counts when it has arrived whole, before any trouble
 * and before it is processed. See state.h for the lock.
 */
#ifndef PLATFORM_COUNT_H
#define PLATFORM_COUNT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "tests/platform/endpoint.h"

void count_request(enum endpoint endpoint);

/* A poll that came sooner than its interval. */
void count_fast_poll(void);

/*
 * A token request is being worked on, from its arrival (standing at a gate
 * included) to the moment before its answer is sent.
 */
void count_token_enter(void);
void count_token_leave(void);

/*
 * Reads a counter by its name: one of the endpoints', "token" (all grants),
 * "polls_too_fast", "max_concurrent_token". False for another name.
 */
bool count_get(const char *name, unsigned long *out);

/* Adds the counters to the answer of GET /state. */
void count_describe(struct json_object *out);

void count_reset(void);

#endif
