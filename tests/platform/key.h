/*
 * API keys: what the data API takes. See state.h for the lock.
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
    char raw[SECRET_LENGTH]; /* the OAuth provider hands it out again */
    char *name;
    char *org_id;
    char app_id[UUID_LENGTH];
    bool alive;
    struct key *next;
};

/* Makes a key; writes the key itself, which the Account API never tells again.
 */
struct key *key_new(const struct org *org, const struct app *app,
                    const char *name, char raw[SECRET_LENGTH]);

/* The live key that raw is, or NULL. */
const struct key *key_check(const char *raw);

/* The live key with that id, or NULL. */
const struct key *key_find(const char *id);

/* The live key after that one, or the first for NULL; NULL at the end. */
const struct key *key_next(const struct key *key);

/* Ends the live key of that app and id; false when there is none. */
bool key_kill(const char *app_id, const char *key_id);

/* Ends all keys of an app. */
void key_kill_app(const char *app_id);

struct json_object *key_describe(void);

void key_reset(void);

#endif
