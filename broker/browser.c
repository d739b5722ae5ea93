#include "broker/browser.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/spawn.h"

static bool
browser_is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

bool
browser_is_here(void)
{
    return (browser_is_set("DISPLAY") || browser_is_set("WAYLAND_DISPLAY")) &&
           !browser_is_set("SSH_CONNECTION") && !browser_is_set("SSH_TTY");
}

/* The first executable of that name in PATH; only absolute folders count. */
static bool
browser_find(const char *name, char *path, size_t size)
{
    const char *folders = getenv("PATH");

    while (folders && *folders) {
        size_t len = strcspn(folders, ":");
        int written = snprintf(path, size, "%.*s/%s", (int)len, folders, name);

        if (folders[0] == '/' && written > 0 && (size_t)written < size &&
            access(path, X_OK) == 0)
            return true;
        folders += len + (folders[len] == ':');
    }
    return false;
}

bool
browser_open(const char *address)
{
    char path[PATH_MAX];
    char *argv[] = {path, (char *)address, NULL};

    return browser_find("xdg-open", path, sizeof path) &&
           spawn_detached(path, argv, -1, -1, NULL) == 0;
}
