#include "tests/platform/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/memory.h"
#include "tests/platform/state.h"
#include "tests/platform/value.h"

static struct key *keys;
static struct key **last = &keys;

struct key *
key_new(const struct org *org, const struct app *app, const char *name,
        char raw[SECRET_LENGTH])
{
    struct key *key = memory_new(sizeof(*key));

    secret_make(raw, "sak_");
    snprintf(key->raw, sizeof(key->raw), "%s", raw);
    secret_digest(key->digest, raw);
    secret_uuid(key->id);
    key->name = memory_copy(name);
    key->org_id = memory_copy(org->id);
    snprintf(key->app_id, sizeof(key->app_id), "%s", app->id);
    key->alive = true;
    *last = key;
    last = &key->next;
    state_changed();
    return key;
}

const struct key *
key_check(const char *raw)
{
    char digest[DIGEST_LENGTH];

    secret_digest(digest, raw);
    for (const struct key *i = keys; i; i = i->next)
        if (i->alive && strcmp(i->digest, digest) == 0)
            return i;
    return NULL;
}

const struct key *
key_find(const char *id)
{
    for (const struct key *i = keys; i; i = i->next)
        if (i->alive && strcmp(i->id, id) == 0)
            return i;
    return NULL;
}

const struct key *
key_next(const struct key *key)
{
    const struct key *next = key ? key->next : keys;

    while (next && !next->alive)
        next = next->next;
    return next;
}

bool
key_kill(const char *app_id, const char *key_id)
{
    for (struct key *i = keys; i; i = i->next)
        if (i->alive && strcmp(i->app_id, app_id) == 0 &&
            strcmp(i->id, key_id) == 0) {
            i->alive = false;
            return true;
        }
    return false;
}

void
key_kill_app(const char *app_id)
{
    for (struct key *i = keys; i; i = i->next)
        if (strcmp(i->app_id, app_id) == 0)
            i->alive = false;
}

struct json_object *
key_describe(void)
{
    struct json_object *out = json_object_new_array();

    for (const struct key *i = keys; i; i = i->next) {
        struct json_object *one = json_object_new_object();
        value_add(one, "api_key_id", value_text(i->id));
        value_add(one, "api_key_name", value_text(i->name));
        value_add(one, "app_id", value_text(i->app_id));
        value_add(one, "org_id", value_text(i->org_id));
        value_add(one, "alive", json_object_new_boolean(i->alive));
        json_object_array_add(out, one);
    }
    return out;
}

void
key_reset(void)
{
    while (keys) {
        struct key *gone = keys;
        keys = gone->next;
        free(gone->name);
        free(gone->org_id);
        free(gone);
    }
    last = &keys;
}
