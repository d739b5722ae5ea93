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

/* What we ignore, and keep from others, is no matter of a browser's. */
static pid_t
browser_start(const char *path, char *const argv[])
{
    static const int numbers[] = {SIGPIPE, SIGXFSZ};
    struct sigaction standard = {.sa_handler = SIG_DFL}, ours[2];
    mode_t mask = umask(022);
    pid_t pid;

    for (size_t i = 0; i < 2; i++)
        sigaction(numbers[i], &standard, &ours[i]);
    pid = spawn_asked(path, argv, -1, -1, true, NULL);
    for (size_t i = 0; i < 2; i++)
        sigaction(numbers[i], &ours[i], NULL);
    umask(mask);
    return pid;
}

pid_t
browser_open(const char *address)
{
    char path[PATH_MAX];
    char *argv[] = {path, (char *)address, NULL};

    return browser_find("xdg-open", path, sizeof path)
               ? browser_start(path, argv)
               : -1;
}

pid_t
browser_open_page(const struct browser_page *page, struct web *web)
{
    const struct web_lead lead = {page->code->verification_uri_complete,
                                  page->service, page->seconds, page->once};

    if (lead.address && web_lead(web, &lead, NULL) == 0)
        return browser_open(web_said(web, "open_uri"));
    web_release(web);
    return page->bare ? browser_open(page->code->verification_uri) : -1;
}
