/*
 * store.h - what lasts: the records, the client ids, and which record is
 * selected.
 *
 * How a change is made, in this order and by nobody who does not hold the
 * lock:
 *
 *     store_lock()     one writer; the folder is made when missing
 *     store_load()     what is there now, not what was there before
 *     store_prepare()  room for the next version
 *     ...              ask the service; change the records in memory
 *     store_commit()   on the disk for good, or as it was
 *     store_unlock()
 *
 * Reading needs no lock: the file is replaced whole.
 */
#ifndef PARALLEL_STORE_STORE_H
#define PARALLEL_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/place.h"
#include "lib/store/backend.h"
#include "lib/store/record.h"

/* The client id of this installation at an issuer. */
struct store_client {
    char *issuer;
    char *client_id;
};

struct store {
    const struct place *place; /* not owned */
    int folder;                /* STATE, or -1 */
    int lock;                  /* STATE/lock, or -1 */
    struct backend *backend;
    struct record **record; /* pointers stay valid until the next load */
    size_t record_count;
    struct store_client *client;
    size_t client_count;
    char *selected_issuer; /* NULL: none */
    char *selected_org;
    bool present;     /* the store was there at the last load or commit */
    struct stat seen; /* and this is how it looked then, or before */
};

#define STORE_INIT                                                            \
    {                                                                         \
        .folder = -1, .lock = -1                                              \
    }

/* Open the store of a place. Nothing is made on the disk. */
int store_open(struct store *store, const struct place *place,
               struct error *err);

/* Take the lock within limit_ms, making the folder first. -1 also when
 * somebody else kept it all the time. */
int store_lock(struct store *store, int64_t limit_ms, struct error *err);
void store_unlock(struct store *store);

/* Read what is kept. No store yet is an empty one. On failure (foreign or
 * truncated contents, a newer format, wrong owner or mode) the store in
 * memory is empty and must not be committed. */
int store_load(struct store *store, struct error *err);

int store_prepare(struct store *store, struct error *err);
int store_commit(struct store *store, struct error *err);
void store_discard(struct store *store);

/* The record for issuer and org, or NULL. NULL arguments fit any; with org
 * NULL the selected record is preferred among those that fit. */
struct record *store_find(const struct store *store, const char *provider,
                          const char *issuer, const char *org);

/* Add a record (taken over, also on failure), replacing the one of the same
 * issuer and organization, which goes to *replaced (may be NULL). It becomes
 * the selected one. */
int store_put(struct store *store, struct record *record,
              struct record **replaced);

/* Take a record out; it is freed. Another one of the same issuer becomes
 * selected if it was. */
void store_remove(struct store *store, struct record *record);

/* The client id registered at issuer, or NULL; and change it (NULL: forget).
 */
const char *store_client_id(const struct store *store, const char *issuer);
int store_set_client_id(struct store *store, const char *issuer,
                        const char *client_id);

/* The path of what is kept; points into static memory. */
const char *store_shown(const struct store *store);

void store_release(struct store *store);

#endif
