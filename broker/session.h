/*
 * session.h - a code that waits for its person in the background.
 */
#ifndef PARALLEL_BROKER_SESSION_H
#define PARALLEL_BROKER_SESSION_H

#include "broker/broker.h"

/* The code that is waited for, if any; b is open. */
enum pending_status session_pending(const struct broker *b,
                                    struct pending *pending);

/* One poll, and what follows from it for the files: the code that is pending,
 * the pauses, what the next login has to tell. The lock "polling" is held. */
enum credential_approval session_poll_once(struct broker *b,
                                           struct pending *pending,
                                           struct record **record,
                                           struct error *err);

/*
 * Somebody needs the credential while a code is waiting: if nobody else
 * polls and the interval has passed, ask once. true with the new record when
 * the person has approved.
 */
bool session_ask_again(struct broker *b, struct record **record);

/* A person has signed in, or out, by hand: what was pending is void, no pause
 * is kept. declined: do
 * not ask by yourself until the next login. */
void session_settle(const struct broker *b, bool declined);

/* For a starting shell: a code that waits, and once an approval that nobody
 * has been told of. */
void session_print_news(const struct broker *b);

#endif
