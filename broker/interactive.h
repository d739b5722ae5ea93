/*
 * interactive.h - a login with a person in front of it.
 */
#ifndef PARALLEL_BROKER_INTERACTIVE_H
#define PARALLEL_BROKER_INTERACTIVE_H

#include "broker/broker.h"

/*
 * Device authorization with address, code and QR code on the terminal
 * (tty: /dev/tty, since git holds the standard streams; else standard
 * error), or as JSON lines with --json. Ctrl-C, SIGTERM and SIGHUP end it
 * with FAIL_INTERRUPTED; nothing is left behind. 0 with the new record.
 * provider is moved.
 */
int interactive_login(struct broker *b, struct provider *provider, bool tty,
                      struct record **record, struct error *err);

/*
 * The login in a browser of this machine, which is opened unless --no-browser
 * or there is none; the address is shown in any case. Else the same.
 */
int interactive_login_web(struct broker *b, const struct provider *provider,
                          bool tty, struct record **record, struct error *err);

/* What git's credential.interactive says. */
bool interactive_git_allows(void);

#endif
