/*
 * made_keys.h - API keys that were made here and that no record holds: they
 * live on at the service until somebody deletes them, so they are not
 * forgotten. Nothing of this is secret.
 */
#ifndef PARALLEL_STORE_MADE_KEYS_H
#define PARALLEL_STORE_MADE_KEYS_H

#include <stddef.h>

#include "lib/wrap/json.h"

enum made_state {
    MADE_LOST,     /* asked for, and nobody has seen the answer: it may be
                      there, and its id is not known */
    MADE_UNWANTED, /* to be deleted */
    MADE_BY_HAND   /* by a person, who has it */
};

struct made_key {
    char *issuer;
    char *org;
    char *app_id;
    char *id; /* "": not known */
    char *name;
    enum made_state state;
};

struct made_keys {
    struct made_key *item;
    size_t count;
};

/* The word that the file has for a state. */
const char *made_state_word(enum made_state state);

/* A key of that name, or NULL. Those that we choose are unique. */
struct made_key *made_keys_find(const struct made_keys *keys,
                                const char *name);

size_t made_keys_count(const struct made_keys *keys, enum made_state state);

/* Remember a key; the same one, by name and id, is replaced. 0, or -1 without
 * memory. */
int made_keys_put(struct made_keys *keys, const struct made_key *key);

/* id: "" if it is not known. */
void made_keys_drop(struct made_keys *keys, const char *name, const char *id);

/* To and from the store's file. */
void made_keys_write(const struct made_keys *keys, struct json *root);
int made_keys_read(struct made_keys *keys, const struct json *root);

void made_keys_release(struct made_keys *keys);

#endif
