/*
 * document.h - a private file that is read with suspicion and replaced whole.
 *
 * Its writer holds the lock of the folder from prepare to commit: room for
 * the next version is taken before it is known.
 */
#ifndef PARALLEL_STORE_DOCUMENT_H
#define PARALLEL_STORE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/secret.h"

struct document {
    int folder;        /* open, not owned; -1: there is none */
    const char *shown; /* its path; not owned */
    const char *name;
    bool durable;       /* on a disk, not in memory */
    bool present;       /* it lies there */
    struct secret text; /* as it does */
    struct file_draft draft;
};

#define DOCUMENT_INIT                                                         \
    {                                                                         \
        -1, "", "", true, false, SECRET_INIT, FILE_DRAFT_INIT                 \
    }

/* Read it into text; that it is not there is fine. */
int document_load(struct document *document, struct error *err);

/* Take room for a version of up to size bytes. */
int document_prepare(struct document *document, size_t size,
                     struct error *err);

/* Replace it by text, preparing if need be; nothing is written when that is
 * what lies there. It stays what it was when this fails. */
int document_commit(struct document *document, const struct secret *text,
                    struct error *err);

/* Give the room back; harmless after a commit. */
void document_discard(struct document *document);

/* Take it away. */
void document_remove(struct document *document);

void document_release(struct document *document);

#endif
