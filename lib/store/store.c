#include "lib/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"

#define STORE_FORMAT 1
#define STORE_LOCK   "lock"
/* Room for tokens that are longer than those we have. */
#define STORE_ROOM (4 * TOKEN_TEXT_MAX)

static void
store_forget(struct store *store)
{
    for (size_t i = 0; i < store->record_count; i++) {
        record_release(store->record[i]);
        free(store->record[i]);
    }
    for (size_t i = 0; i < store->client_count; i++) {
        free(store->client[i].issuer);
        free(store->client[i].client_id);
    }
    free(store->record);
    free(store->client);
    free(store->selected_issuer);
    free(store->selected_org);
    store->record = NULL;
    store->client = NULL;
    store->record_count = store->client_count = 0;
    store->selected_issuer = store->selected_org = NULL;
    store->present = false;
}

static int
store_out_of_memory(struct error *err)
{
    return error_set(err, FAIL_SERVICE, "memory", "out of memory");
}

static int
store_open_folder(struct store *store, bool create, struct error *err)
{
    if (store->folder >= 0)
        return 0;
    if (file_open_folder(store->place->state, create, &store->folder, err) ==
        FILE_FAILED)
        return -1;
    if (store->folder < 0 || store->backend)
        return 0;
    store->backend = backend_new_file(store->folder, store->place->state);
    return store->backend ? 0 : store_out_of_memory(err);
}

int
store_open(struct store *store, const struct place *place, struct error *err)
{
    *store = (struct store)STORE_INIT;
    store->place = place;
    return store_open_folder(store, false, err);
}

int
store_lock(struct store *store, int64_t limit_ms, struct error *err)
{
    if (store->lock >= 0)
        return 0;
    if (store_open_folder(store, true, err) < 0)
        return -1;
    switch (lock_take(store->folder, store->place->state, STORE_LOCK,
                      LOCK_EXCLUSIVE, (int)limit_ms, &store->lock, err)) {
    case LOCK_TAKEN:
        return 0;
    case LOCK_BUSY:
        return error_set(err, FAIL_SERVICE, "lock",
                         "another process has held the lock %s/%s for more "
                         "than %.4g s; try again",
                         store->place->state, STORE_LOCK,
                         (double)limit_ms / 1000);
    case LOCK_FAILED:
        break;
    }
    return -1;
}

void
store_unlock(struct store *store)
{
    store_discard(store);
    if (store->lock >= 0)
        close(store->lock);
    store->lock = -1;
}

static int
store_append_record(struct store *store, struct record *record)
{
    struct record **grown =
        realloc(store->record, (store->record_count + 1) * sizeof *grown);

    if (!grown)
        return -1;
    store->record = grown;
    grown[store->record_count++] = record;
    return 0;
}

static int
store_read_records(struct store *store, const struct json *records)
{
    for (size_t i = 0; i < json_size(records); i++) {
        cleanup_free struct record *record = calloc(1, sizeof *record);
        const struct json *element = json_element(records, i);

        if (!record || !element || record_read(record, element) < 0)
            return -1;
        if (store_append_record(store, record) < 0) {
            record_release(record);
            return -1;
        }
        steal_pointer(&record);
    }
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

static int
store_read(struct store *store, const struct secret *text, struct error *err)
{
    cleanup_json struct json *root = NULL;
    const struct json *selected;
    int64_t format = 0;

    if (json_parse(text->data, text->len, &root, err) < 0)
        return -1;
    if (!json_number(root, "version", &format) ||
        !json_array_at(root, "records"))
        return error_set(err, FAIL_SERVICE, "store",
                         "JSON, but not a credential store");
    if (format != STORE_FORMAT)
        return error_set(err, FAIL_SERVICE, "store",
                         "of format %lld, which this version does not know",
                         (long long)format);
    selected = json_object_at(root, "selected");
    if (store_read_records(store, json_array_at(root, "records")) < 0 ||
        (selected && store_read_selected(store, selected) < 0) ||
        store_read_clients(store, json_object_at(root, "clients")) < 0)
        return error_set(err, FAIL_SERVICE, "store",
                         "with a record that cannot be understood");
    return 0;
}

int
store_load(struct store *store, struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    enum backend_status status;

    store_forget(store);
    if (store_open_folder(store, false, err) < 0)
        return -1;
    if (!store->backend)
        return 0;
    /* Looked at before it is read: if it changes in between, what was seen
     * is out of date, and whoever compares will notice. */
    store->present = stat(store_shown(store), &store->seen) == 0;
    status = store->backend->operations->load(store->backend, &text, err);
    if (status != BACKEND_OK)
        return status == BACKEND_EMPTY ? 0 : -1;
    if (store_read(store, &text, err) < 0) {
        store_forget(store);
        err->failure = FAIL_SERVICE;
        return error_context(err,
                             "%s is damaged or not ours; it has been "
                             "left as it is; move it away and sign in "
                             "again",
                             store_shown(store));
    }
    return 0;
}

static int
store_write(const struct store *store, struct secret *text)
{
    cleanup_json struct json *root = json_new_object();
    struct json *records, *clients, *selected;

    json_put_number(root, "version", STORE_FORMAT);
    if (store->selected_issuer) {
        selected = json_put_object(root, "selected");
        json_put_text(selected, "issuer", store->selected_issuer);
        json_put_text(selected, "org_id", store->selected_org);
    }
    clients = json_put_object(root, "clients");
    for (size_t i = 0; i < store->client_count; i++)
        json_put_text(clients, store->client[i].issuer,
                      store->client[i].client_id);
    records = json_put_array(root, "records");
    for (size_t i = 0; i < store->record_count; i++)
        record_write(store->record[i], json_append_object(records));
    return json_write(root, true, text);
}

int
store_prepare(struct store *store, struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;

    if (store_write(store, &text) < 0)
        return store_out_of_memory(err);
    return store->backend->operations->prepare(store->backend,
                                               text.len + STORE_ROOM, err);
}

int
store_commit(struct store *store, struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;

    if (store_write(store, &text) < 0)
        return store_out_of_memory(err);
    if (store->backend->operations->commit(store->backend, &text, err) < 0)
        return -1;
    store->present = stat(store_shown(store), &store->seen) == 0;
    return 0;
}

void
store_discard(struct store *store)
{
    if (store->backend)
        store->backend->operations->discard(store->backend);
}

static bool
store_fits(const char *value, const char *wanted)
{
    return !wanted || strcmp(value, wanted) == 0;
}

static bool
store_is_selected(const struct store *store, const struct record *r)
{
    return store->selected_issuer &&
           strcmp(store->selected_issuer, r->issuer) == 0 &&
           strcmp(store->selected_org, r->org_id) == 0;
}

struct record *
store_find(const struct store *store, const char *provider, const char *issuer,
           const char *org)
{
    struct record *found = NULL;

    for (size_t i = 0; i < store->record_count; i++) {
        struct record *r = store->record[i];
        if (!store_fits(r->provider, provider) ||
            !store_fits(r->issuer, issuer) || !store_fits(r->org_id, org))
            continue;
        if (store_is_selected(store, r))
            return r;
        if (!found)
            found = r;
    }
    return found;
}

static int
store_select(struct store *store, const struct record *record)
{
    cleanup_free char *issuer = strdup(record->issuer);
    cleanup_free char *org = strdup(record->org_id);

    if (!issuer || !org)
        return -1;
    free(store->selected_issuer);
    free(store->selected_org);
    store->selected_issuer = steal_pointer(&issuer);
    store->selected_org = steal_pointer(&org);
    return 0;
}

int
store_put(struct store *store, struct record *record, struct record **replaced)
{
    struct record *old =
        store_find(store, NULL, record->issuer, record->org_id);
    size_t i = 0;

    *replaced = NULL;
    if (store_select(store, record) < 0 ||
        (!old && store_append_record(store, record) < 0)) {
        record_release(record);
        free(record);
        return -1;
    }
    while (old && store->record[i] != old)
        i++;
    if (old) {
        store->record[i] = record;
        *replaced = old;
    }
    return 0;
}

void
store_remove(struct store *store, struct record *record)
{
    bool selected = store_is_selected(store, record);
    struct record *next;
    size_t i = 0;

    while (i < store->record_count && store->record[i] != record)
        i++;
    if (i == store->record_count)
        return;
    store->record[i] = store->record[--store->record_count];
    if (selected) {
        next = store_find(store, NULL, record->issuer, NULL);
        if (!next || store_select(store, next) < 0) {
            free(store->selected_issuer);
            free(store->selected_org);
            store->selected_issuer = store->selected_org = NULL;
        }
    }
    record_release(record);
    free(record);
}

static struct store_client *
store_find_client(const struct store *store, const char *issuer)
{
    for (size_t i = 0; i < store->client_count; i++)
        if (strcmp(store->client[i].issuer, issuer) == 0)
            return &store->client[i];
    return NULL;
}

const char *
store_client_id(const struct store *store, const char *issuer)
{
    const struct store_client *client = store_find_client(store, issuer);

    return client ? client->client_id : NULL;
}

static int
store_add_client(struct store *store, const char *issuer, char *id)
{
    char *copy = strdup(issuer);
    struct store_client *grown =
        realloc(store->client, (store->client_count + 1) * sizeof *grown);

    if (grown)
        store->client = grown;
    if (!grown || !copy) {
        free(copy);
        return -1;
    }
    grown[store->client_count++] = (struct store_client){copy, id};
    return 0;
}

int
store_set_client_id(struct store *store, const char *issuer,
                    const char *client_id)
{
    struct store_client *client = store_find_client(store, issuer);
    cleanup_free char *id = client_id ? strdup(client_id) : NULL;

    if (client_id && !id)
        return -1;
    if (!client && id) {
        if (store_add_client(store, issuer, id) < 0)
            return -1;
        steal_pointer(&id);
    } else if (client && id) {
        free(client->client_id);
        client->client_id = steal_pointer(&id);
    } else if (client) {
        free(client->issuer);
        free(client->client_id);
        *client = store->client[--store->client_count];
    }
    return 0;
}

const char *
store_shown(const struct store *store)
{
    static char path[PATH_MAX + 32];

    snprintf(path, sizeof path, "%s/%s", store->place->state,
             BACKEND_FILE_NAME);
    return path;
}

void
store_release(struct store *store)
{
    store_unlock(store);
    store_forget(store);
    if (store->backend)
        store->backend->operations->free(store->backend);
    if (store->folder >= 0)
        close(store->folder);
    *store = (struct store)STORE_INIT;
}
