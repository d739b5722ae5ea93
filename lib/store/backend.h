/*
 * backend.h - a place that keeps the store's text.
 *
 * The store is one JSON document; a backend only has to keep its bytes, and
 * to be able to say beforehand that the next version will fit. A writer
 * holds the lock of the store from prepare to commit.
 */
#ifndef PARALLEL_STORE_BACKEND_H
#define PARALLEL_STORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"

enum backend_status {
    BACKEND_OK = 0,
    BACKEND_EMPTY = 1, /* nothing has been kept yet */
    BACKEND_FAILED = -1
};

struct backend;

struct backend_operations {
    const char *name; /* "file" */
    enum backend_status (*load)(struct backend *backend, struct secret *text,
                                struct error *err);
    /* Take room for a text of up to size bytes. */
    int (*prepare)(struct backend *backend, size_t size, struct error *err);
    /* Keep text for good. It stays what it was when this fails. */
    int (*commit)(struct backend *backend, const struct secret *text,
                  struct error *err);
    /* Give the room back; harmless after a commit. */
    void (*discard)(struct backend *backend);
    void (*free)(struct backend *backend);
};

struct backend {
    const struct backend_operations *operations;
};

/* The private file folder/store.json. folder (not owned) is its open folder;
 * shown its path for messages, not owned. NULL when memory ran out. */
struct backend *backend_new_file(int folder, const char *shown);

#define BACKEND_FILE_NAME "store.json"

#endif
