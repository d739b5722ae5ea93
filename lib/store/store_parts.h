/*
 * store_parts.h - what the files of the store share: store.c (locks, records
 * in memory), store_text.c (records as text), load.c, keep.c (where they lie)
 * and move.c. For them alone.
 */
#ifndef PARALLEL_STORE_STORE_PARTS_H
#define PARALLEL_STORE_STORE_PARTS_H

#include "lib/store/store.h"

int store_out_of_memory(struct error *err);

/* Open STATE. It may be missing, unless create is set. */
int store_open_folder(struct store *store, bool create, struct error *err);

/* Open the runtime folder, if there is one. */
void store_open_runtime(struct store *store, bool create);

/* Take the lock of the keyring as well, where it is another one than that of
 * the store: two homes, one keyring. */
int store_lock_keyring(struct store *store, struct error *err);

/* Forget all that was read. */
void store_forget(struct store *store);

/*
 * A record that was read in a place joins those in memory (taken over, also
 * on failure). Of two, the one that was issued later counts; a parked one
 * always does.
 */
int store_merge(struct store *store, struct record *record,
                enum record_place place);

/* Whether a record of this issuer and organization is in memory. */
bool store_has(const struct store *store, const char *issuer, const char *org);

/* Whether the keyring is a place where records may lie. */
bool store_looks_into_keyring(const struct store *store);

/* Ask the keyring for what it holds. -1 with err: its lock is not to be had.
 */
int store_load_keyring(struct store *store, struct error *err);

/* Of a copy in the keyring it is known that it is there, and no more. */
bool store_is_only_named(const struct store *store, const struct copy *copy);

/*
 * A keyring that is open and yet does not take what it is given (it would ask
 * a person first) is no choice to be made: what is parked ends with the
 * session. All stays where it was, or comes into the file.
 */
int store_fall_back(struct store *store, enum store_kind before,
                    struct error *err);

/* store_text.c: take apart what was loaded. */
int store_read_file(struct store *store, struct error *err);
/* Sets elsewhere, and takes nothing, if another home has parked it. */
int store_read_parked(struct store *store, struct error *err);
/* An item of the keyring. -1: it is none of ours, or memory ran out. */
int store_read_item(struct store *store, const char *text);

/* A record as one line of JSON, without the line's end. */
int store_record_text(const struct record *record, struct secret *text);

/* store.json; clear: with all records, else with those that still lie there
 * and nowhere else. */
int store_write_file(const struct store *store, bool clear,
                     struct secret *text);
/* parked: the records that the keyring does not hold as they are. *count is
 * how many. */
int store_write_parked(const struct store *store, struct secret *text,
                       size_t *count);

/* Whether the keyring holds the record as it is. */
bool store_in_keyring(const struct store *store, const struct record *record);

#endif
