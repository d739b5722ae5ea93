/*
 * spawn.h - a program started to go on by itself.
 */
#ifndef PARALLEL_BASE_SPAWN_H
#define PARALLEL_BASE_SPAWN_H

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

#endif
