/*
 * place.h - where things lie.
 *
 *   home     $HOME when it is a folder of ours, else the home of the
 *            password database, which the caller may look up (this part
 *            never does: the front is static)
 *   state    HOME/.local/state/parallel-credential, for what lasts
 *   runtime  RUNTIME/parallel-credential, for the session cache, where
 *            RUNTIME is $XDG_RUNTIME_DIR or /run/user/UID if it is ours and
 *            0700 (the latter also when the former lies within it); "" when
 *            there is none
 */
#ifndef PARALLEL_BASE_PLACE_H
#define PARALLEL_BASE_PLACE_H

#include <limits.h>
#include <stdbool.h>

struct place {
    char home[PATH_MAX - 128];
    char state[PATH_MAX];
    char runtime[PATH_MAX];
    char configuration[PATH_MAX]; /* the user's own file */
};

/*
 * Find the places. fallback_home is the password database's home, or NULL
 * where it cannot be asked. Returns 0, or -1 when no home is known; runtime
 * is set in either case.
 */
int place_find(struct place *place, const char *fallback_home);

#endif
