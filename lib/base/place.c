#include "lib/base/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
place_is_ours(const char *path, mode_t forbidden)
{
    struct stat st;

    return path && path[0] == '/' && stat(path, &st) == 0 &&
           S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & forbidden) == 0;
}

static void
place_find_runtime(struct place *place)
{
    const char *given = getenv("XDG_RUNTIME_DIR");
    char own[64];

    place->runtime[0] = '\0';
    snprintf(own, sizeof own, "/run/user/%u", (unsigned)geteuid());
    if (!given || strlen(given) >= sizeof place->runtime - 32 ||
        strchr(given, '\n') || !place_is_ours(given, 077))
        given = place_is_ours(own, 077) ? own : NULL;
    if (given)
        snprintf(place->runtime, sizeof place->runtime,
                 "%s/parallel-credential", given);
}

int
place_find(struct place *place, const char *fallback_home)
{
    const char *home = getenv("HOME");

    place->home[0] = place->state[0] = place->configuration[0] = '\0';
    place_find_runtime(place);
    if (!home || strlen(home) >= sizeof place->home - 1 ||
        strchr(home, '\n') || !place_is_ours(home, 0))
        home = fallback_home;
    if (!home || home[0] != '/' || strlen(home) >= sizeof place->home - 1)
        return -1;
    snprintf(place->home, sizeof place->home, "%s", home);
    snprintf(place->state, sizeof place->state,
             "%s/.local/state/parallel-credential", home);
    snprintf(place->configuration, sizeof place->configuration,
             "%s/.config/parallel-credential.conf", home);
    return 0;
}
