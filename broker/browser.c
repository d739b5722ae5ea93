#include "broker/browser.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/spawn.h"

static bool
browser_is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

bool
browser_is_remote(void)
{
    return browser_is_set("SSH_CONNECTION") || browser_is_set("SSH_TTY");
}

static bool
browser_has_display(void)
{
    return browser_is_set("DISPLAY") || browser_is_set("WAYLAND_DISPLAY");
}

bool
browser_is_here(void)
{
    return browser_has_display() && !browser_is_remote();
}

/* By what Docker, Podman and systemd leave. */
static bool
browser_is_contained(void)
{
    return browser_is_set("container") || access("/.dockerenv", F_OK) == 0 ||
           access("/run/.containerenv", F_OK) == 0 ||
           access("/run/systemd/container", F_OK) == 0;
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

const char *
browser_is_absent(void)
{
    char path[PATH_MAX];

    if (browser_is_remote())
        return "this is an ssh session";
    if (browser_is_contained())
        return "this is a container";
    if (!browser_has_display())
        return "there is no display";
    return browser_find("xdg-open", path, sizeof path)
               ? NULL
               : "there is no xdg-open";
}

void
browser_become(const char *address)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    char path[PATH_MAX];
    char *argv[] = {path, (char *)address, NULL};

    if (!browser_find("xdg-open", path, sizeof path))
        return;
    sigaction(SIGPIPE, &standard, NULL);
    sigaction(SIGXFSZ, &standard, NULL);
    umask(022);
    execv(path, argv);
}

bool
browser_open(const char *address)
{
    char path[PATH_MAX];
    char *argv[] = {path, (char *)address, NULL};

    return browser_find("xdg-open", path, sizeof path) &&
           spawn_detached(path, argv, -1, -1, NULL) == 0;
}
