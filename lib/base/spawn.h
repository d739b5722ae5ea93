/*
 * spawn.h - a program started to go on by itself, or to serve us.
 */
#ifndef PARALLEL_BASE_SPAWN_H
#define PARALLEL_BASE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/error.h"

/*
 * Start path with argv and the caller's environment in a session of its own:
 * standard input and error on /dev/null, standard output on out (-1:
 * /dev/null too), every other descriptor closed but keep (-1: none), which
 * the program inherits under the same number. Nobody waits for it: the caller
 * is about to exit. Returns 0, or -1 when it could not be executed.
 */
int spawn_detached(const char *path, char *const argv[], int out, int keep,
                   struct error *err);

/*
 * The same for a program that is spoken to over in, which becomes its standard
 * input; the other two are /dev/null. Returns its process id, which the caller
 * reaps unless it ends first, or -1.
 */
pid_t spawn_served(const char *path, char *const argv[], int in,
                   struct error *err);

/*
 * The same for a program that is asked for something: what it answers goes to
 * out. aside: standard error is /dev/null, too, and no signal is blocked,
 * whatever we block; else it stays in our session, with our standard error.
 */
pid_t spawn_asked(const char *path, char *const argv[], int out, int keep,
                  bool aside, struct error *err);

/* The exit status of the dynamic loader, where a library is missing. */
#define SPAWN_NOT_LINKED 127

#endif
