/*
 * service.h - the Secret Service, as far as we need it: the only door to
 * libsecret and GLib.
 *
 * Nothing here ever prompts: items are searched for without unlocking, and
 * what would take a prompt is given up. Each function fills
 * *answer; none is bounded in time except by the bus (25 s a call): whoever
 * started us sees to that.
 */
#ifndef PARALLEL_KEYRING_SERVICE_H
#define PARALLEL_KEYRING_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

struct service_answer {
    const char *state; /* a word of lib/base/keyring.h */
    char said[128];    /* the name of an error, or "" */
};

/* Which item: its attributes. Nothing in them is confidential. */
struct service_item {
    const char *issuer;
    const char *organization;
};

/*
 * Connect to the session bus, whose socket is at bus_path (NULL: as the
 * environment says). start: it may start a Secret Service. Returns 0, or -1
 * with the reason in *answer. Harmless when it is open already.
 */
int service_open(const char *bus_path, bool start,
                 struct service_answer *answer);

/* Hand every item of ours that can be read to take(). secret is only valid
 * during the call. 0, or -1 when the answer is not about items at all. */
int service_load(void (*take)(void *context, const char *secret, size_t len),
                 void *context, struct service_answer *answer);

/* Write an item into the default keyring, replacing the one there is. */
int service_save(const struct service_item *item, const char *label,
                 const char *secret, struct service_answer *answer);

/* Remove every such item. That there is none is fine. */
int service_erase(const struct service_item *item,
                  struct service_answer *answer);

#endif
