/*
 * listener.h - an HTTP server for one browser, on 127.0.0.1.
 *
 * It is careful with everything that is not that browser: only GET, only under
 * its own name (so no page of a stranger's gets in under another one), nothing
 * long, nobody for long. What is left is handed to its owner.
 */
#ifndef PARALLEL_WEB_LISTENER_H
#define PARALLEL_WEB_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/secret.h"

struct listener;

struct listener_reply {
    int status;
    struct secret page;   /* HTML */
    const char *location; /* NULL: none; not owned */
    bool hold;            /* no reply yet: listener_release_held() brings it */
};

#define LISTENER_REPLY_INIT                                                   \
    {                                                                         \
        0, SECRET_INIT, NULL, false                                           \
    }

/*
 * Fill reply to a request. target is what the browser sent, path and query; it
 * is NULL when the request is none that is answered, and then reply->status
 * says why: 405 or 421. At most one is held at a time.
 */
typedef void (*listener_handle)(void *context, const char *target,
                                struct listener_reply *reply);

/* Listen at a port, or with 0 at a free one. NULL when that cannot be, with
 * errno. */
struct listener *listener_open(uint16_t port, listener_handle handle,
                               void *context);

/* "127.0.0.1:PORT"; owned by the listener. */
const char *listener_host(const struct listener *l);

/* A descriptor that becomes readable when listener_run() has work, and the ms
 * after which it has to be called at the latest. */
int listener_fd(const struct listener *l);
int listener_timeout(const struct listener *l);
void listener_run(struct listener *l);

/* While a request is handled: whether a program of this person, or of root,
 * has made it. */
bool listener_is_asked_by_us(const struct listener *l);

/* The reply to the request that is held; its page is moved. */
void listener_release_held(struct listener *l, struct listener_reply *reply);

/* Whether a request is held, or its reply not yet on its way. */
bool listener_is_holding(const struct listener *l);

void listener_close(struct listener *l);

#endif
