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
 *     store_commit()   kept for good, or as it was
 *     store_unlock()
 *
 * Reading needs no lock: files are replaced whole.
 *
 * Three places. STATE/store.json always holds what is not secret (client ids,
 * the selection, the choice of the store) and, if the file is the store, the
 * records. The Secret Service holds the records if it is the store.
 * RUNTIME/parked holds those that could not be put there yet. keep.c has the
 * drawing.
 */
#ifndef PARALLEL_STORE_STORE_H
#define PARALLEL_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/place.h"
#include "lib/store/copies.h"
#include "lib/store/document.h"
#include "lib/store/keyring.h"
#include "lib/store/kind.h"
#include "lib/store/made_keys.h"
#include "lib/store/record.h"

/* The client id of this installation at an issuer. */
struct store_client {
    char *issuer;
    char *client_id;
};

struct store_options {
    enum store_kind wanted; /* the configuration's: auto, or fixed */
    int64_t keyring_timeout_ms;
    bool start; /* the bus may start a Secret Service, if that is the store */
};

struct store {
    const struct place *place; /* not owned */
    struct store_options options;
    int folder;         /* STATE, or -1 */
    int lock;           /* STATE/lock, or -1 */
    int keyring_folder; /* where the lock of the keyring lies, or -1 */
    int keyring_lock;   /* it, where it is not the same one, or -1 */
    int64_t lock_limit_ms;
    int runtime; /* the runtime folder, or -1 */
    struct document file;
    struct document parked;
    struct keyring keyring;
    enum store_kind chosen; /* as store.json says it */
    enum store_kind target; /* where the next commit goes: store_prepare() */
    struct record **record; /* pointers stay valid until the next load */
    size_t record_count;
    struct store_client *client;
    size_t client_count;
    char *selected_issuer; /* NULL: none */
    char *selected_org;
    struct copies in_file, in_keyring, in_parked;
    struct copies to_erase; /* in the keyring, and of no more use */
    struct copies ended;    /* over here, but the service has not been told */
    bool ending;            /* these are what the story is about now */
    struct made_keys made;  /* API keys that no record holds */
    bool elsewhere; /* what is parked is another home's, and waits for a
                       keyring that is not our store */
    bool unread;  /* the keyring is a place to look at and did not show all */
    bool present; /* store.json was there at the last load or commit */
    struct stat seen; /* and this is how it looked then, or before */
};

/* The lock of who writes, in STATE. */
#define STORE_LOCK_NAME "lock"

#define STORE_INIT                                                            \
    {                                                                         \
        .folder = -1, .lock = -1, .keyring_folder = -1, .keyring_lock = -1,   \
        .runtime = -1, .file = DOCUMENT_INIT, .parked = DOCUMENT_INIT,        \
        .keyring = {                                                          \
            .lock = {-1, -1},                                                 \
            .pid = -1,                                                        \
            .socket = -1                                                      \
        }                                                                     \
    }

/* Open the store of a place. Nothing is made on the disk, nobody asked. */
int store_open(struct store *store, const struct place *place,
               const struct store_options *options, struct error *err);

/* Take the lock within limit_ms, making the folder first. -1 also when
 * somebody else kept it all the time. */
int store_lock(struct store *store, int64_t limit_ms, struct error *err);
void store_unlock(struct store *store);

/*
 * Read what is kept. No store yet is an empty one. On failure (foreign or
 * truncated contents, a newer format, wrong owner or mode) the store in
 * memory is empty and must not be committed.
 *
 * A keyring that does not show what it holds is no failure: unread is set
 * then, keyring tells why, and what lies elsewhere is there.
 */
int store_load(struct store *store, struct error *err);

/*
 * Take room for the next version, and decide where it goes. more: changes are
 * still to come that the private file has to take, too; else only tokens
 * change, and a disk that is full does not matter if they lie elsewhere.
 */
int store_prepare(struct store *store, bool more, struct error *err);

/*
 * Keep what is in memory. With the keyring as the store, success means that
 * it lies there or is parked. What is removed is erased as soon as it can be.
 */
int store_commit(struct store *store, struct error *err);
void store_discard(struct store *store);

/* Whether a commit would bring something to its place: a provisional file, a
 * parked record, one that is to be erased. */
bool store_is_loose(const struct store *store);

/*
 * Move all records to another store, STORE_FILE or STORE_KEYRING, and stay
 * with it: written, read back, compared, and only then removed at the old
 * place. The lock is held and the store loaded.
 */
int store_move(struct store *store, enum store_kind to, struct error *err);

/* Whether what lasts lies on the disk in the clear, now or from the next
 * commit on. */
bool store_is_file(const struct store *store);

/* Whether the keyring is known to hold something that it does not show. */
bool store_is_hidden(const struct store *store);

/* Where a record lies, as a sentence's end: "in ...". out is returned. */
const char *store_where(const struct store *store, const struct record *record,
                        char *out, size_t size);

/*
 * End every record here, also one that the keyring does not show now: from the
 * next commit on nobody gets it, and it is kept only for the service to be
 * told (credential_end_session). Not those of other services.
 */
int store_end_all(struct store *store);
bool store_is_ended(const struct store *store, const char *issuer,
                    const char *org);

/*
 * The records one after the other, or NULL at the end; *at starts at 0. Two
 * kinds, which never meet: Parallel's, and those of other services. All but
 * the store itself go through here or through store_find(), which knows only
 * the former. Those that have ended are left out; with ending set, they are
 * all there is of the former.
 */
struct record *store_next(const struct store *store, size_t *at);
struct record *store_next_other(const struct store *store, size_t *at);

/* The record for issuer and org (its id, or its name), or NULL. NULL arguments
 * fit any; with org
 * NULL the selected record is preferred among those that fit. */
struct record *store_find(const struct store *store, const char *provider,
                          const char *issuer, const char *org);

/* Add a record (taken over, also on failure), replacing the one of the same
 * issuer and organization, which goes to *replaced (may be NULL). It becomes
 * the selected one, unless it is of another service. */
int store_put(struct store *store, struct record *record,
              struct record **replaced);

/* From now on it is the one that counts when none is named. 0, or -1 without
 * memory. */
int store_select(struct store *store, const struct record *record);

/* Take a record out; it is freed, and erased wherever it lies by the next
 * commit. Another one of the same issuer becomes selected if it was. */
void store_remove(struct store *store, struct record *record);

/* How many bytes the records of other services take in the private file. */
size_t store_size_of_others(const struct store *store);

/* The client id registered at issuer, or NULL; and change it (NULL: forget).
 */
const char *store_client_id(const struct store *store, const char *issuer);
int store_set_client_id(struct store *store, const char *issuer,
                        const char *client_id);

/* The path of store.json; points into static memory. */
const char *store_shown(const struct store *store);

void store_release(struct store *store);

#endif
