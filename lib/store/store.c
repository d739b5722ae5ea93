#include "lib/store/store.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"
#include "lib/base/text.h"
#include "lib/store/store_parts.h"

#define STORE_FILE_NAME   "store.json"
#define STORE_PARKED_NAME "parked"

void
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
    copies_release(&store->in_file);
    copies_release(&store->in_keyring);
    copies_release(&store->in_parked);
    copies_release(&store->to_erase);
    copies_release(&store->ended);
    made_keys_release(&store->made);
    store->record = NULL;
    store->client = NULL;
    store->record_count = store->client_count = 0;
    store->selected_issuer = store->selected_org = NULL;
    store->chosen = STORE_AUTO;
    store->present = store->unread = store->elsewhere = false;
}

int
store_out_of_memory(struct error *err)
{
    return error_set(err, FAIL_SERVICE, "memory", "out of memory");
}

int
store_open_folder(struct store *store, bool create, struct error *err)
{
    if (store->folder >= 0)
        return 0;
    return file_open_folder(store->place->state, create, &store->folder,
                            err) == FILE_FAILED
               ? -1
               : 0;
}

void
store_open_runtime(struct store *store, bool create)
{
    const char *path = store->place->runtime;

    if (store->runtime < 0 && *path)
        file_open_folder(path, create, &store->runtime, NULL);
    store->parked.folder = store->runtime;
}

int
store_open(struct store *store, const struct place *place,
           const struct store_options *options, struct error *err)
{
    *store = (struct store)STORE_INIT;
    store->place = place;
    store->options = *options;
    store->file.shown = place->state;
    store->file.name = STORE_FILE_NAME;
    store->parked.shown = place->runtime;
    store->parked.name = STORE_PARKED_NAME;
    store->parked.durable = false;
    keyring_init(&store->keyring, place, options->keyring_timeout_ms, false);
    return store_open_folder(store, false, err);
}

static int
store_take(int folder, const char *path, int64_t limit_ms, int *lock,
           struct error *err)
{
    switch (lock_take(folder, path, STORE_LOCK_NAME, LOCK_EXCLUSIVE,
                      (int)limit_ms, lock, err)) {
    case LOCK_TAKEN:
        return 0;
    case LOCK_BUSY:
        return error_set(err, FAIL_SERVICE, "lock",
                         "another process has held the lock %s/%s for more "
                         "than %.4g s; try again",
                         path, STORE_LOCK_NAME, (double)limit_ms / 1000);
    case LOCK_FAILED:
        break;
    }
    return -1;
}

int
store_lock(struct store *store, int64_t limit_ms, struct error *err)
{
    if (store->lock >= 0)
        return 0;
    if (store_open_folder(store, true, err) < 0)
        return -1;
    store->lock_limit_ms = limit_ms;
    return store_take(store->folder, store->place->state, limit_ms,
                      &store->lock, err);
}

/*
 * The keyring is the person's, whatever HOME says. The home of the password
 * database is the same for all of his processes; where that is not there at
 * all, nothing is.
 */
int
store_lock_keyring(struct store *store, struct error *err)
{
    const struct passwd *pw = getpwuid(geteuid());
    char path[PATH_MAX];
    struct stat home;

    if (store->keyring_lock >= 0 || store->keyring.no_bus || !pw ||
        !pw->pw_dir || strcmp(pw->pw_dir, store->place->home) == 0 ||
        stat(pw->pw_dir, &home) < 0 || home.st_uid != geteuid())
        return 0;
    snprintf(path, sizeof path, "%s/.local/state/parallel-credential",
             pw->pw_dir);
    if (store->keyring_folder < 0 &&
        file_open_folder(path, true, &store->keyring_folder, err) != FILE_OK)
        return -1;
    return store_take(store->keyring_folder, path, store->lock_limit_ms,
                      &store->keyring_lock, err);
}

static void
store_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void
store_unlock(struct store *store)
{
    store_discard(store);
    store_close(&store->keyring_lock);
    store_close(&store->lock);
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

static size_t
store_index(const struct store *store, const char *issuer, const char *org)
{
    size_t i = 0;

    while (i < store->record_count &&
           (strcmp(store->record[i]->issuer, issuer) != 0 ||
            strcmp(store->record[i]->org_id, org) != 0))
        i++;
    return i;
}

bool
store_has(const struct store *store, const char *issuer, const char *org)
{
    return store_index(store, issuer, org) < store->record_count;
}

/* A login has replaced this one without seeing it: the API key in it lives on,
 * and nobody else knows of it. */
static void
store_note_key(struct store *store, const struct record *now,
               const struct record *old)
{
    const struct made_key made = {old->issuer,       old->org_id,
                                  old->api_key_app,  old->api_key_id,
                                  old->api_key_name, MADE_UNWANTED};

    if (*old->api_key_id && *old->api_key_app && *old->api_key_name &&
        strcmp(old->api_key_id, now->api_key_id) != 0)
        made_keys_put(&store->made, &made);
}

int
store_merge(struct store *store, struct record *record,
            enum record_place place)
{
    size_t i = store_index(store, record->issuer, record->org_id);
    bool first = i == store->record_count, counts;

    record->place = place;
    counts = first || place == RECORD_PARKED ||
             (record->issued.real >= store->record[i]->issued.real &&
              store->record[i]->place != RECORD_PARKED);
    if (place == RECORD_IN_KEYRING &&
        copies_find(&store->to_erase, record->issuer, record->org_id)) {
        counts = false;
        if (!first)
            store_note_key(store, store->record[i], record);
    }
    if (counts && first && store_append_record(store, record) == 0)
        return 0;
    if (counts && !first) {
        record_release(store->record[i]);
        free(store->record[i]);
        store->record[i] = record;
        return 0;
    }
    record_release(record);
    free(record);
    return counts ? -1 : 0;
}

static bool
store_fits(const char *value, const char *wanted)
{
    return !wanted || strcmp(value, wanted) == 0;
}

/* By id, or by the name that people know. */
static bool
store_fits_org(const struct record *r, const char *wanted)
{
    return store_fits(r->org_id, wanted) ||
           (*r->org_name && strcmp(r->org_name, wanted) == 0);
}

static bool
store_is_selected(const struct store *store, const struct record *r)
{
    return store->selected_issuer &&
           strcmp(store->selected_issuer, r->issuer) == 0 &&
           strcmp(store->selected_org, r->org_id) == 0;
}

bool
store_is_ended(const struct store *store, const char *issuer, const char *org)
{
    return copies_find(&store->ended, issuer, org) != NULL;
}

static struct record *
store_next_of(const struct store *store, size_t *at, bool other)
{
    while (*at < store->record_count) {
        struct record *r = store->record[(*at)++];
        if (record_is_other(r) == other &&
            (other ||
             store_is_ended(store, r->issuer, r->org_id) == store->ending))
            return r;
    }
    return NULL;
}

struct record *
store_next(const struct store *store, size_t *at)
{
    return store_next_of(store, at, false);
}

struct record *
store_next_other(const struct store *store, size_t *at)
{
    return store_next_of(store, at, true);
}

struct record *
store_find(const struct store *store, const char *provider, const char *issuer,
           const char *org)
{
    struct record *by_id = NULL, *by_name = NULL, *r;
    size_t at = 0;

    while ((r = store_next(store, &at))) {
        struct record **found = store_fits(r->org_id, org) ? &by_id : &by_name;

        if (!store_fits(r->provider, provider) ||
            !store_fits(r->issuer, issuer) || !store_fits_org(r, org))
            continue;
        if (!*found || store_is_selected(store, r))
            *found = r;
    }
    /* Anybody can call an organization by the id of another one. */
    return by_id ? by_id : by_name;
}

int
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

/* What the keyring holds of this credential counts no more. */
static int
store_void(struct store *store, const struct record *record)
{
    static const struct secret unknown = SECRET_INIT;

    return copies_put(&store->to_erase, record->issuer, record->org_id,
                      &unknown);
}

/* Two lists of names: what is here, and what only the keyring has. */
int
store_end_all(struct store *store)
{
    static const struct secret unknown = SECRET_INIT;
    struct record *r;
    size_t at = 0;
    int result = 0;

    while ((r = store_next(store, &at)))
        if (copies_put(&store->ended, r->issuer, r->org_id, &unknown) < 0)
            return -1;
    for (size_t i = 0; i < store->in_keyring.count; i++) {
        const struct copy *copy = &store->in_keyring.item[i];
        bool other = text_starts_with(copy->issuer, OTHER_GIT ":") ||
                     text_starts_with(copy->issuer, OTHER_DOCKER ":");

        if (!other && !copies_find(&store->to_erase, copy->issuer, copy->org))
            result |=
                copies_put(&store->ended, copy->issuer, copy->org, &unknown);
    }
    free(store->selected_issuer);
    free(store->selected_org);
    store->selected_issuer = store->selected_org = NULL;
    return result;
}

int
store_put(struct store *store, struct record *record, struct record **replaced)
{
    size_t i = store_index(store, record->issuer, record->org_id);
    bool first = i == store->record_count;
    const struct copy *hidden;

    *replaced = NULL;
    if ((!record_is_other(record) && store_select(store, record) < 0) ||
        (first && store_append_record(store, record) < 0)) {
        record_release(record);
        free(record);
        return -1;
    }
    if (!first) {
        *replaced = store->record[i];
        store->record[i] = record;
    }
    copies_drop(&store->ended, record->issuer, record->org_id);
    /* What can be seen is replaced; what cannot must not come back. */
    hidden = copies_find(&store->in_keyring, record->issuer, record->org_id);
    return hidden && secret_is_empty(&hidden->text) ? store_void(store, record)
                                                    : 0;
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
    copies_drop(&store->in_file, record->issuer, record->org_id);
    copies_drop(&store->ended, record->issuer, record->org_id);
    if (copies_find(&store->in_keyring, record->issuer, record->org_id))
        store_void(store, record);
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

    snprintf(path, sizeof path, "%s/%s", store->place->state, STORE_FILE_NAME);
    return path;
}

void
store_release(struct store *store)
{
    store_unlock(store);
    store_forget(store);
    keyring_release(&store->keyring);
    document_release(&store->file);
    document_release(&store->parked);
    store_close(&store->keyring_folder);
    store_close(&store->runtime);
    store_close(&store->folder);
    *store = (struct store)STORE_INIT;
}
