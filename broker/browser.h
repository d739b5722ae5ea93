/*
 * browser.h - the person's browser, when there is one here.
 */
#ifndef PARALLEL_BROKER_BROWSER_H
#define PARALLEL_BROKER_BROWSER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/oauth/device.h"
#include "lib/web.h"

/* Whether the person sits in front of a desktop of this very machine: a
 * display is set, and this is no ssh session. */
bool browser_is_here(void);

/* Whether this is a session over ssh. */
bool browser_is_remote(void);

/* Why a login should not begin in a browser of this machine, in a few words;
 * NULL: one can be opened, and it is this machine's. */
const char *browser_is_absent(void);

/*
 * Open address, in the background, with xdg-open or what $BROWSER names
 * through it; everybody on the machine can read it there. Returns the process,
 * or -1 when it could not be started.
 */
pid_t browser_open(const char *address);

/*
 * The same for the page of a code. The address with the code in it would tell
 * everybody the code, who could approve it with an account of his own: so the
 * web program leads the browser there, and has to be kept until it has done
 * so. Where it cannot be had, and bare is set, the address without the code is
 * opened, and the person types the code. once: it ends when it has led, or
 * after seconds. Returns as above; -1 with web->pid -1: there was nothing to
 * open.
 */
struct browser_page {
    const struct device_code *code;
    const char *service; /* for people */
    int64_t seconds;
    bool once, bare;
};
pid_t browser_open_page(const struct browser_page *page, struct web *web);

#endif
