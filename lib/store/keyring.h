/*
 * keyring.h - the Secret Service, by way of the keyring program.
 *
 * The program is started at the first question and lives as long as we do.
 * Whatever it does, no question takes longer than limit_ms: a program that
 * only reads is killed then; one that writes is left alone with the locks it
 * was given, until it knows how that ended, and whoever takes the lock next
 * looks. After that nothing more is asked.
 *
 *     keyring_init(&k, place, 1500, true);
 *     if (keyring_load(&k) != KEYRING_OK)
 *         return keyring_explain(&k, err);
 *     while ((text = keyring_next(&k, &at))) ...
 */
#ifndef PARALLEL_STORE_KEYRING_H
#define PARALLEL_STORE_KEYRING_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fields.h"
#include "lib/base/place.h"
#include "lib/base/secret.h"

enum keyring_state {
    KEYRING_UNASKED = 0,
    KEYRING_OK,         /* open: what could be read is all there is */
    KEYRING_LOCKED,     /* closed until a person opens it */
    KEYRING_ABSENT,     /* nobody offers a Secret Service */
    KEYRING_NO_BUS,     /* nobody to ask */
    KEYRING_HUNG,       /* no answer in time */
    KEYRING_REFUSED,    /* an error for an answer */
    KEYRING_NO_KEYRING, /* a Secret Service that has none to write to */
    KEYRING_NO_PROGRAM  /* our own program cannot be run */
};

/* Locks that lie on what is written: the store's, and the keyring's own. */
#define KEYRING_LOCKS 2

struct keyring {
    int64_t limit_ms;
    bool start;         /* the bus may start a Secret Service */
    char bus[PATH_MAX]; /* its socket; "": as the environment says */
    bool no_bus;
    bool waiting; /* a login has started gnome-keyring, but not on the bus */
    int lock[KEYRING_LOCKS]; /* passed on with what is written; -1: none */
    void (*meanwhile)(void); /* NULL, or done once while we wait: what takes
                                time and is going to be needed */
    pid_t pid;
    int socket;
    bool unlinked; /* with KEYRING_NO_PROGRAM: it is there, but did not
                      begin */
    enum keyring_state state; /* the last answer */
    char said[128];           /* the name of the error in it */
    struct secret text;       /* the last answer itself */
    struct fields answer;
};

/* Nothing is started or asked. */
void keyring_init(struct keyring *k, const struct place *place,
                  int64_t limit_ms, bool start);

/* Read all items of ours. Items may come with any state: what is locked is
 * not all. */
enum keyring_state keyring_load(struct keyring *k);

/* The text of an item, valid until the next question; *at starts at 0. */
const char *keyring_next(const struct keyring *k, size_t *at);

/* Write the item of issuer and organization, whose label people see. */
enum keyring_state keyring_save(struct keyring *k, const char *issuer,
                                const char *organization, const char *label,
                                const char *secret);

/* Remove it. That it is not there is fine. */
enum keyring_state keyring_erase(struct keyring *k, const char *issuer,
                                 const char *organization);

/* The word for a state in machine-readable output. */
const char *keyring_word(enum keyring_state state);

/* What is the matter, as a sentence without an end; out is returned. */
const char *keyring_sentence(const struct keyring *k, char *out, size_t size);

/* The same as an error: FAIL_SERVICE, "keyring_WORD". Returns -1. */
int keyring_explain(const struct keyring *k, struct error *err);

void keyring_release(struct keyring *k);

#endif
