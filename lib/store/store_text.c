#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/store/store_parts.h"
#include "lib/wrap/json.h"

#define STORE_FORMAT 1

/* ---- reading ------------------------------------------------------------
 */

static int
store_read_record(struct store *store, const struct json *object,
                  enum record_place place, struct copies *copies)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct record *record = calloc(1, sizeof *record);

    if (!record || !object || record_read(record, object) < 0) {
        free(record);
        return -1;
    }
    if (store_record_text(record, &text) < 0 ||
        copies_put(copies, record->issuer, record->org_id, &text) < 0) {
        record_release(record);
        free(record);
        return -1;
    }
    return store_merge(store, record, place);
}

static int
store_read_records(struct store *store, const struct json *records,
                   enum record_place place, struct copies *copies)
{
    for (size_t i = 0; i < json_size(records); i++)
        if (store_read_record(store, json_element(records, i), place, copies) <
            0)
            return -1;
    return 0;
}

static int
store_read_selected(struct store *store, const struct json *selected)
{
    const char *issuer = json_text(selected, "issuer");
    const char *org = json_text(selected, "org_id");

    if (!issuer || !org)
        return 0;
    store->selected_issuer = strdup(issuer);
    store->selected_org = strdup(org);
    return store->selected_issuer && store->selected_org ? 0 : -1;
}

static int
store_read_clients(struct store *store, const struct json *clients)
{
    const char *issuer;
    size_t at = 0;

    while (clients && (issuer = json_next_key(clients, &at))) {
        const char *id = json_text(clients, issuer);
        if (id && store_set_client_id(store, issuer, id) < 0)
            return -1;
    }
    return 0;
}

/* [{"issuer":…,"org_id":…}]: copies of which no more is known. */
static int
store_read_names(struct copies *copies, const struct json *names)
{
    static const struct secret unknown = SECRET_INIT;

    for (size_t i = 0; i < json_size(names); i++) {
        const struct json *name = json_element(names, i);
        const char *issuer = name ? json_text(name, "issuer") : NULL;
        const char *org = name ? json_text(name, "org_id") : NULL;

        if (issuer && org && copies_put(copies, issuer, org, &unknown) < 0)
            return -1;
    }
    return 0;
}

static int
store_read_chosen(struct store *store, const struct json *root,
                  struct error *err)
{
    const char *word = json_text(root, "store");
    int kind = word ? store_kind_of(word) : STORE_AUTO;

    /* Written when there was but the file. */
    if (!word && json_size(json_array_at(root, "records")) > 0)
        kind = STORE_FILE;
    if (kind < 0)
        return error_set(err, FAIL_SERVICE, "store",
                         "with a choice of store that this version does not "
                         "know");
    store->chosen = (enum store_kind)kind;
    return 0;
}

static int
store_parse(const struct secret *text, struct json **root, struct error *err)
{
    int64_t format = 0;

    if (json_parse(text->data, text->len, root, err) < 0)
        return -1;
    if (!json_number(*root, "version", &format) ||
        !json_array_at(*root, "records"))
        return error_set(err, FAIL_SERVICE, "store",
                         "JSON, but not a credential store");
    if (format != STORE_FORMAT)
        return error_set(err, FAIL_SERVICE, "store",
                         "of format %lld, which this version does not know",
                         (long long)format);
    return 0;
}

static int
store_not_understood(struct error *err)
{
    return error_set(err, FAIL_SERVICE, "store",
                     "with a record that cannot be understood");
}

int
store_read_file(struct store *store, struct error *err)
{
    cleanup_json struct json *root = NULL;
    const struct json *selected;

    if (store_parse(&store->file.text, &root, err) < 0 ||
        store_read_chosen(store, root, err) < 0)
        return -1;
    selected = json_object_at(root, "selected");
    if (store_read_records(store, json_array_at(root, "records"),
                           RECORD_IN_FILE, &store->in_file) < 0 ||
        (selected && store_read_selected(store, selected) < 0) ||
        store_read_clients(store, json_object_at(root, "clients")) < 0 ||
        store_read_names(&store->in_keyring,
                         json_array_at(root, "in_keyring")) < 0 ||
        store_read_names(&store->to_erase, json_array_at(root, "to_erase")) <
            0 ||
        store_read_names(&store->ended, json_array_at(root, "ended")) < 0 ||
        made_keys_read(&store->made, root) < 0)
        return store_not_understood(err);
    return 0;
}

int
store_read_parked(struct store *store, struct error *err)
{
    cleanup_json struct json *root = NULL;

    const char *state;

    if (store_parse(&store->parked.text, &root, err) < 0)
        return -1;
    state = json_text(root, "state");
    store->elsewhere = state && strcmp(state, store->place->state) != 0 &&
                       !store_looks_into_keyring(store);
    if (store->elsewhere)
        return 0;
    return store_read_records(store, json_array_at(root, "records"),
                              RECORD_PARKED, &store->in_parked) < 0
               ? store_not_understood(err)
               : 0;
}

int
store_read_item(struct store *store, const char *text)
{
    cleanup_json struct json *item = NULL;

    if (json_parse(text, strlen(text), &item, NULL) < 0)
        return -1;
    return store_read_record(store, item, RECORD_IN_KEYRING,
                             &store->in_keyring);
}

/* ---- writing ------------------------------------------------------------
 */

int
store_record_text(const struct record *record, struct secret *text)
{
    cleanup_json struct json *object = json_new_object();

    record_write(record, object);
    if (json_write(object, false, text) < 0)
        return -1;
    text->data[--text->len] = '\0'; /* the line's end */
    return 0;
}

/* What indentation takes. */
#define STORE_PRETTY 100

size_t
store_size_of_others(const struct store *store)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    const struct record *r;
    size_t at = 0, size = 0;

    while ((r = store_next_other(store, &at)))
        if (store_record_text(r, &text) == 0)
            size += text.len + STORE_PRETTY;
    return size;
}

bool
store_in_keyring(const struct store *store, const struct record *record)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    const struct copy *copy =
        copies_find(&store->in_keyring, record->issuer, record->org_id);

    return copy && !secret_is_empty(&copy->text) &&
           store_record_text(record, &text) == 0 &&
           secret_equals(&copy->text, text.data);
}

static void
store_write_names(struct json *root, const char *key,
                  const struct copies *copies)
{
    struct json *names;

    if (copies->count == 0)
        return;
    names = json_put_array(root, key);
    for (size_t i = 0; i < copies->count; i++) {
        struct json *name = json_append_object(names);

        json_put_text(name, "issuer", copies->item[i].issuer);
        json_put_text(name, "org_id", copies->item[i].org);
    }
}

/* A text that was read in this place goes back as it was. */
static int
store_write_copy(struct json *records, const struct copy *copy)
{
    CLEANUP(record_release) struct record record = {0};
    cleanup_json struct json *object = NULL;

    if (json_parse(copy->text.data, copy->text.len, &object, NULL) < 0 ||
        record_read(&record, object) < 0)
        return -1;
    record_write(&record, json_append_object(records));
    return 0;
}

static int
store_write_records(const struct store *store, bool clear,
                    struct json *records)
{
    if (clear)
        for (size_t i = 0; i < store->record_count; i++)
            record_write(store->record[i], json_append_object(records));
    else
        for (size_t i = 0; i < store->in_file.count; i++)
            if (store_write_copy(records, &store->in_file.item[i]) < 0)
                return -1;
    return 0;
}

static void
store_write_head(const struct store *store, struct json *root)
{
    struct json *clients, *selected;

    json_put_number(root, "version", STORE_FORMAT);
    if (store->chosen != STORE_AUTO)
        json_put_text(root, "store", store_kind_word(store->chosen));
    if (store->selected_issuer) {
        selected = json_put_object(root, "selected");
        json_put_text(selected, "issuer", store->selected_issuer);
        json_put_text(selected, "org_id", store->selected_org);
    }
    clients = json_put_object(root, "clients");
    for (size_t i = 0; i < store->client_count; i++)
        json_put_text(clients, store->client[i].issuer,
                      store->client[i].client_id);
    store_write_names(root, "in_keyring", &store->in_keyring);
    store_write_names(root, "to_erase", &store->to_erase);
    store_write_names(root, "ended", &store->ended);
    made_keys_write(&store->made, root);
}

int
store_write_file(const struct store *store, bool clear, struct secret *text)
{
    cleanup_json struct json *root = json_new_object();

    store_write_head(store, root);
    if (store_write_records(store, clear, json_put_array(root, "records")) < 0)
        return -1;
    return json_write(root, true, text);
}

int
store_write_parked(const struct store *store, struct secret *text,
                   size_t *count)
{
    cleanup_json struct json *root = json_new_object();
    struct json *records;

    *count = 0;
    json_put_number(root, "version", STORE_FORMAT);
    json_put_text(root, "state", store->place->state);
    records = json_put_array(root, "records");
    for (size_t i = 0; i < store->record_count; i++) {
        if (store_in_keyring(store, store->record[i]))
            continue;
        record_write(store->record[i], json_append_object(records));
        ++*count;
    }
    return json_write(root, true, text);
}
