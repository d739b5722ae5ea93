#include "broker/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/table.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* ---- list-ours ----------------------------------------------------------
 */

static int
keys_list_one(const struct broker *b, struct table *table, const char *id,
              const char *name, const char *org, const char *state,
              struct error *err)
{
    struct json *line;

    if (!b->json) {
        table_add(table, *id ? id : "(not known)", name, state);
        return 0;
    }
    line = json_new_object();
    json_put_text(line, "api_key_id", *id ? id : NULL);
    json_put_text(line, "name", name);
    json_put_text(line, "org_id", org);
    json_put_text(line, "state", state);
    return broker_print_json(line, err);
}

static int
keys_list(struct broker *b, struct error *err)
{
    struct table table = TABLE("ID", "NAME", "STATE");
    const struct store *store = &b->credential.store;
    struct record *r = NULL;
    size_t at = 0;

    if (credential_find(&b->credential, &r, err) == CREDENTIAL_FAILED)
        return -1;
    while ((r = store_next(store, &at))) {
        if (*r->api_key_id &&
            keys_list_one(b, &table, r->api_key_id, r->api_key_name, r->org_id,
                          "used", err) < 0)
            return -1;
    }
    for (size_t i = 0; i < store->made.count; i++) {
        const struct made_key *key = &store->made.item[i];

        if (keys_list_one(b, &table, key->id, key->name, key->org,
                          made_state_word(key->state), err) < 0)
            return -1;
    }
    return b->json ? 0 : table_print(&table, err);
}

/* ---- create, delete -----------------------------------------------------
 */

static int
keys_create(struct broker *b, struct error *err)
{
    CLEANUP(key_release) struct key key = KEY_INIT;
    CLEANUP(secret_release) struct secret line = SECRET_INIT;
    const char *name = b->operand[1];

    if (credential_make_key(&b->credential, name, b->app, &key, err) !=
        CREDENTIAL_OK)
        return -1;
    if (b->json) {
        struct json *object = json_new_object();

        json_put_text(object, "api_key_id", *key.id ? key.id : NULL);
        json_put_text(object, "app_id", key.app_id);
        json_put_text(object, "name", key.name);
        json_put_text(object, "raw_api_key", secret_text(&key.raw));
        return broker_print_json(object, err);
    }
    broker_say(b, "this is shown once; it is not kept here");
    if (secret_append(&line, key.raw.data, key.raw.len) < 0 ||
        secret_append_text(&line, "\n") < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return broker_print(&line, err);
}

static int
keys_delete(struct broker *b, struct error *err)
{
    bool known = true;
    char shown[300];

    text_show(shown, sizeof shown, b->operand[1]);
    if (credential_delete_key(&b->credential, b->operand[1], b->app, &known,
                              err) != CREDENTIAL_OK)
        return -1;
    if (known)
        broker_say(b, "the API key %s is deleted", shown);
    else
        broker_say(b,
                   "\"%s\" is not on the list any more; whether the "
                   "service has such a key, only its web page can tell",
                   shown);
    return 0;
}

int
broker_keys(struct broker *b, int *status, struct error *err)
{
    const char *what = b->operand[0] ? b->operand[0] : "list-ours";
    bool named = b->operand[1] && *b->operand[1];

    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    if (strcmp(what, "list-ours") == 0 && !b->operand[1])
        return keys_list(b, err);
    if (strcmp(what, "create") == 0 && named)
        return keys_create(b, err);
    if (strcmp(what, "delete") == 0 && named)
        return keys_delete(b, err);
    return error_set(err, FAIL_INPUT, "usage",
                     "keys: say list-ours, create NAME or delete ID");
}
