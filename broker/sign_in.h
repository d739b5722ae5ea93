/*
 * sign_in.h - which way a person signs in.
 */
#ifndef PARALLEL_BROKER_SIGN_IN_H
#define PARALLEL_BROKER_SIGN_IN_H

#include "broker/broker.h"

/*
 * Sign in to the chosen provider: the way that the command line names; else
 * the only one there is; else in the browser of this machine if there is one,
 * and with a code if not. Parallel's own is the code, which brings account
 * tokens. --debug says why. tty: on the terminal, whatever standard error is.
 * 0, or -1 with err.
 */
int sign_in(struct broker *b, bool tty, struct record **record,
            struct error *err);

#endif
