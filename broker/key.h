/*
 * key.h - the API key that comes with a sign-in.
 */
#ifndef PARALLEL_BROKER_KEY_H
#define PARALLEL_BROKER_KEY_H

#include "broker/broker.h"

/*
 * The chosen credential shall have an API key, if the configuration says so.
 * Trouble is no failure of what the caller does: it is tried again when
 * somebody needs the key. aloud: a person is told of it; a key that may have
 * been made and is not here is always in the log. The user manager gets the
 * key.
 */
void key_ensure(struct broker *b, bool aloud);

/* Whether it is one that nobody here has; not the one that was made last, when
 * we were stopped before its record said so. */
bool key_is_left(const struct broker *b, const struct made_key *key);

/* Keys that live on at the service and that nobody here has: a line each, on
 * standard output. */
void key_print_left(const struct broker *b);

/* The same as an array "keys_to_delete". */
void key_put_left(const struct broker *b, struct json *object);

#endif
