#include "lib/base/place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"

static bool
place_is_ours(const char *path, mode_t forbidden)
{
    struct stat st;

    return path && path[0] == '/' && stat(path, &st) == 0 &&
           S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & forbidden) == 0;
}

static void
place_join(char *out, const char *folder, const char *name)
{
    text_put(out, PATH_MAX, text_put(out, PATH_MAX, 0, folder), name);
}

/* Whether path lies in folder. */
static bool
place_is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static void
place_find_runtime(struct place *place)
{
    static const char users[] = "/run/user/";
    const char *given = getenv("XDG_RUNTIME_DIR");
    char own[64];

    place->runtime[0] = '\0';
    text_put_number(own, sizeof own, text_put(own, sizeof own, 0, users),
                    geteuid());
    if (!given || strlen(given) >= sizeof place->runtime - 32 ||
        text_has_any(given, "\r\n") || !place_is_ours(given, 077))
        given = place_is_ours(own, 077) ? own : NULL;
    /* Some programs (snaps) are given a folder of their own within it: what is
     * kept there is for all of the person's. */
    if (given && place_is_below(given, own) && place_is_ours(own, 077))
        given = own;
    if (given)
        place_join(place->runtime, given, "/parallel-credential");
}

int
place_find(struct place *place, const char *fallback_home)
{
    const char *home = getenv("HOME");

    place->home[0] = place->state[0] = place->configuration[0] = '\0';
    place_find_runtime(place);
    if (!home || strlen(home) >= sizeof place->home - 1 ||
        text_has_any(home, "\r\n") || !place_is_ours(home, 0))
        home = fallback_home;
    if (!home || home[0] != '/' || strlen(home) >= sizeof place->home - 1)
        return -1;
    text_put(place->home, sizeof place->home, 0, home);
    place_join(place->state, home, "/.local/state/parallel-credential");
    place_join(place->configuration, home,
               "/.config/parallel-credential.conf");
    return 0;
}
