/*
 * file.c - the store as a private file, replaced whole.
 */
#include "lib/store/backend.h"

#include <stdlib.h>

#include "lib/base/file.h"

#define STORE_FILE_MAX (1024 * 1024)

struct backend_file {
    struct backend backend;
    int folder;
    const char *shown;
    struct file_draft draft;
};

static enum backend_status
backend_file_load(struct backend *backend, struct secret *text,
                  struct error *err)
{
    struct backend_file *file = (struct backend_file *)backend;

    switch (file_read(file->folder, file->shown, BACKEND_FILE_NAME,
                      STORE_FILE_MAX, text, NULL, err)) {
    case FILE_OK:
        return BACKEND_OK;
    case FILE_ABSENT:
        return BACKEND_EMPTY;
    case FILE_FAILED:
        break;
    }
    return BACKEND_FAILED;
}

static int
backend_file_prepare(struct backend *backend, size_t size, struct error *err)
{
    struct backend_file *file = (struct backend_file *)backend;

    return file_draft_open(&file->draft, file->folder, file->shown,
                           BACKEND_FILE_NAME, size, true, err);
}

static int
backend_file_commit(struct backend *backend, const struct secret *text,
                    struct error *err)
{
    struct backend_file *file = (struct backend_file *)backend;

    return file_draft_commit(&file->draft, text->data, text->len, err);
}

static void
backend_file_discard(struct backend *backend)
{
    file_draft_discard(&((struct backend_file *)backend)->draft);
}

static void
backend_file_free(struct backend *backend)
{
    backend_file_discard(backend);
    free(backend);
}

static const struct backend_operations backend_file_operations = {
    "file",
    backend_file_load,
    backend_file_prepare,
    backend_file_commit,
    backend_file_discard,
    backend_file_free,
};

struct backend *
backend_new_file(int folder, const char *shown)
{
    struct backend_file *file = calloc(1, sizeof *file);

    if (!file)
        return NULL;
    file->backend.operations = &backend_file_operations;
    file->folder = folder;
    file->shown = shown;
    file->draft = (struct file_draft)FILE_DRAFT_INIT;
    return &file->backend;
}
