#include "broker/key.h"

#include <stdio.h>
#include <string.h>

#include "broker/manager.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static size_t
key_count_lost(const struct broker *b)
{
    return made_keys_count(&b->credential.store.made, MADE_LOST);
}

static void
key_make(struct broker *b, bool aloud)
{
    struct error trouble = ERROR_INIT;
    struct record *r = NULL;
    size_t before = key_count_lost(b);

    if (b->config.api_key == API_KEY_NONE ||
        credential_key(&b->credential, &r, &trouble) == CREDENTIAL_OK)
        return;
    if (key_count_lost(b) > before)
        log_warning("%s", trouble.text);
    if (aloud)
        broker_say(b, "no API key yet: %s", trouble.text);
}

bool
key_is_left(const struct broker *b, const struct made_key *key)
{
    const struct record *r;
    size_t at = 0;

    if (key->state == MADE_BY_HAND ||
        (*key->id &&
         store_is_ended(&b->credential.store, key->issuer, key->org)))
        return false;
    while ((r = store_next(&b->credential.store, &at)))
        if ((*key->id && strcmp(r->api_key_id, key->id) == 0) ||
            strcmp(r->api_key_name, key->name) == 0)
            return false;
    return true;
}

void
key_ensure(struct broker *b, bool aloud)
{
    key_make(b, aloud);
    manager_settle(b);
}

void
key_print_left(const struct broker *b)
{
    const struct made_keys *made = &b->credential.store.made;
    bool first = true;
    char name[300];

    for (size_t i = 0; i < made->count; i++) {
        const struct made_key *key = &made->item[i];

        if (!key_is_left(b, key))
            continue;
        printf("  %-14s \"%s\" %s: delete it on the web page of %s\n",
               first ? "to delete" : "",
               text_show(name, sizeof name, key->name),
               key->state == MADE_LOST ? "may have been made, and nobody "
                                         "has it"
                                       : "is not used any more",
               key->issuer);
        first = false;
    }
}

void
key_put_left(const struct broker *b, struct json *object)
{
    const struct made_keys *made = &b->credential.store.made;
    struct json *list = json_put_array(object, "keys_to_delete");

    for (size_t i = 0; i < made->count; i++) {
        const struct made_key *key = &made->item[i];
        struct json *one;

        if (!key_is_left(b, key))
            continue;
        one = json_append_object(list);
        json_put_text(one, "issuer", key->issuer);
        json_put_text(one, "org_id", key->org);
        json_put_text(one, "name", key->name);
        json_put_text(one, "api_key_id", *key->id ? key->id : NULL);
    }
}
