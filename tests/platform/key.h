/*
 * API keys: what the data API takes. Only digests are kept. See state.h for
 * the lock.
 */
#ifndef PLATFORM_KEY_H
#define PLATFORM_KEY_H

#include <json-c/json.h>
#include <stdbool.h>

#include "tests/platform/org.h"
#include "tests/platform/secret.h"

struct key {
    char id[UUID_LENGTH];
    char digest[DIGEST_LENGTH];
    char *name;
    char *org_id;
    char app_id[UUID_LENGTH];
    bool alive;
    struct key *next;
};

/* Makes a key; writes the key itself, which is never to be had again. */
struct key *key_new(const struct org *org, const struct app *app,
                    const char *name, char raw[SECRET_LENGTH]);

/* The live key that raw is, or NULL. */
const struct key *key_check(const char *raw);

/* Ends the live key of that app and id; false when there is none. */
bool key_kill(const char *app_id, const char *key_id);

/* Ends all keys of an app. */
void key_kill_app(const char *app_id);

struct json_object *key_describe(void);

void key_reset(void);

#endif
