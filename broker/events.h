/*
 * events.h - what a starting session is told, as lib/base/event.h has it.
 */
#ifndef PARALLEL_BROKER_EVENTS_H
#define PARALLEL_BROKER_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"
#include "lib/base/secret.h"
#include "lib/oauth/device.h"

/* Write what has been put together to standard output, the session's pipe. */
void events_send(struct secret *events);

void events_put_done(struct secret *events);
void events_put_error(struct secret *events, const struct error *err);
void events_put_message(struct secret *events, const char *line);

/* The API key of a record, if there is one and it is to be exported. */
void events_put_environment(const struct broker *b, const struct record *r,
                            struct secret *events);

/* Address and code, with --qr also its picture. */
void events_put_authorize(const struct broker *b,
                          const struct device_code *code,
                          struct secret *events);

/* That an approval has come, and how to undo it. */
void events_put_connected(const char *organization, int64_t approved,
                          struct secret *events);

/* The two lines of that, for a terminal; returns line. */
const char *events_connected(char *line, size_t size, const char *organization,
                             int64_t approved);
extern const char events_undo[];

#endif
