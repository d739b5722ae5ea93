/*
 * screen.h - what is drawn on a terminal, or written where there is none.
 */
#ifndef PARALLEL_BROKER_SCREEN_H
#define PARALLEL_BROKER_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/secret.h"
#include "lib/oauth/device.h"

struct screen {
    int fd;              /* not owned */
    const char *service; /* who is signed in to, for people */
    bool terminal;       /* a terminal, and not a dumb one */
    bool utf8;           /* the locale's character set */
    int columns;
    bool line_open; /* the line with the time left is on the screen */
};

void screen_init(struct screen *screen, int fd, const char *service);

/* Address, code in large letters, QR code: as far as the terminal can. */
void screen_show_code(struct screen *screen, const struct device_code *code);

/* The address to open in a browser of this machine. */
struct screen_address {
    const char *address;
    bool opened;          /* it has been */
    const char *redirect; /* NULL; or, over ssh, what the browser comes back
                             to, for a browser at the other end */
};
void screen_show_address(struct screen *screen,
                         const struct screen_address *shown);

/* Renew the line that shows the time left; only on a terminal. */
void screen_show_time(struct screen *screen, int64_t left_ms);

/* Take that line away. */
void screen_end_time(struct screen *screen);

/*
 * Append text in letters of three rows of half blocks, each row behind indent
 * blanks. Characters that have no picture are left out.
 */
int screen_draw_large(struct secret *out, const char *text, int indent);

#endif
