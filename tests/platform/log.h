/*
 * The log of requests: who asked what, and how it was answered, but never a
 * secret: of headers and form fields only the names, of addresses no query.
 * The newest LOG_KEPT are kept for GET /log; all go to a file as lines. See
 * state.h for the lock.
 */
#ifndef PLATFORM_LOG_H
#define PLATFORM_LOG_H

#include <json-c/json.h>
#include <stdbool.h>

#include "tests/platform/endpoint.h"
#include "tests/platform/request.h"

#define LOG_KEPT 4096

/* Opens DIR/requests.log; false with errno set when that fails. */
bool log_open(const char *dir);
void log_close(void);

/* Notes that a request has arrived; returns its place for log_end. */
unsigned long log_begin(const struct request *request, enum endpoint endpoint);

/* Notes its answer's status; 0 when it got none. */
void log_end(unsigned long place, unsigned status);

/* The array GET /log answers; status is null while there is no answer. */
struct json_object *log_describe(void);

/* Forgets all and numbers from 1 again; the file stays. */
void log_reset(void);

#endif
