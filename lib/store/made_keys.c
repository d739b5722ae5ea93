#include "lib/store/made_keys.h"

#include <stdlib.h>
#include <string.h>

static const char *const made_words[] = {
    [MADE_LOST] = "lost",
    [MADE_UNWANTED] = "unwanted",
    [MADE_BY_HAND] = "made",
};

const char *
made_state_word(enum made_state state)
{
    return made_words[state];
}

static void
made_key_release(struct made_key *key)
{
    free(key->issuer);
    free(key->org);
    free(key->app_id);
    free(key->id);
    free(key->name);
}

struct made_key *
made_keys_find(const struct made_keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->item[i].name, name) == 0)
            return &keys->item[i];
    return NULL;
}

/* The one of that name and id; where one of both is not known, the name is
 * enough. */
static struct made_key *
made_keys_same(const struct made_keys *keys, const char *name, const char *id)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct made_key *key = &keys->item[i];

        if (strcmp(key->name, name) == 0 &&
            (!*id || !*key->id || strcmp(key->id, id) == 0))
            return key;
    }
    return NULL;
}

size_t
made_keys_count(const struct made_keys *keys, enum made_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < keys->count; i++)
        count += keys->item[i].state == state;
    return count;
}

static int
made_key_copy(struct made_key *copy, const struct made_key *key)
{
    *copy = (struct made_key){strdup(key->issuer), strdup(key->org),
                              strdup(key->app_id), strdup(key->id),
                              strdup(key->name),   key->state};
    if (copy->issuer && copy->org && copy->app_id && copy->id && copy->name)
        return 0;
    made_key_release(copy);
    return -1;
}

int
made_keys_put(struct made_keys *keys, const struct made_key *key)
{
    struct made_key copy, *grown;

    if (made_key_copy(&copy, key) < 0)
        return -1;
    made_keys_drop(keys, copy.name, copy.id);
    grown = realloc(keys->item, (keys->count + 1) * sizeof *grown);
    if (!grown) {
        made_key_release(&copy);
        return -1;
    }
    keys->item = grown;
    grown[keys->count++] = copy;
    return 0;
}

void
made_keys_drop(struct made_keys *keys, const char *name, const char *id)
{
    struct made_key *key = made_keys_same(keys, name, id);

    if (!key)
        return;
    made_key_release(key);
    *key = keys->item[--keys->count];
}

void
made_keys_write(const struct made_keys *keys, struct json *root)
{
    struct json *list;

    if (keys->count == 0)
        return;
    list = json_put_array(root, "keys");
    for (size_t i = 0; i < keys->count; i++) {
        const struct made_key *key = &keys->item[i];
        struct json *object = json_append_object(list);

        json_put_text(object, "issuer", key->issuer);
        json_put_text(object, "org_id", key->org);
        json_put_text(object, "app_id", key->app_id);
        json_put_text(object, "api_key_id", key->id);
        json_put_text(object, "name", key->name);
        json_put_text(object, "state", made_words[key->state]);
    }
}

static char *
made_text(const struct json *object, const char *key)
{
    const char *text = json_text(object, key);

    return (char *)(text ? text : "");
}

int
made_keys_read(struct made_keys *keys, const struct json *root)
{
    const struct json *list = json_array_at(root, "keys");

    for (size_t i = 0; i < json_size(list); i++) {
        const struct json *object = json_element(list, i);
        struct made_key key = {
            made_text(object, "issuer"), made_text(object, "org_id"),
            made_text(object, "app_id"), made_text(object, "api_key_id"),
            made_text(object, "name"),   MADE_LOST};

        while (key.state < MADE_BY_HAND &&
               strcmp(made_words[key.state], made_text(object, "state")) != 0)
            key.state++;
        if (*key.name && made_keys_put(keys, &key) < 0)
            return -1;
    }
    return 0;
}

void
made_keys_release(struct made_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        made_key_release(&keys->item[i]);
    free(keys->item);
    *keys = (struct made_keys){NULL, 0};
}
