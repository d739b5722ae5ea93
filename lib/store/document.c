#include "lib/store/document.h"

#include <string.h>
#include <unistd.h>

#define DOCUMENT_MAX (1024 * 1024)

int
document_load(struct document *document, struct error *err)
{
    enum file_status status = FILE_ABSENT;

    secret_release(&document->text);
    if (document->folder >= 0)
        status = file_read(document->folder, document->shown, document->name,
                           DOCUMENT_MAX, &document->text, NULL, err);
    document->present = status == FILE_OK;
    return status == FILE_FAILED ? -1 : 0;
}

int
document_prepare(struct document *document, size_t size, struct error *err)
{
    document_discard(document);
    return file_draft_open(&document->draft, document->folder, document->shown,
                           document->name, size, document->durable, err);
}

int
document_commit(struct document *document, const struct secret *text,
                struct error *err)
{
    if (document->present && text->len == document->text.len &&
        memcmp(text->data, document->text.data, text->len) == 0)
        return 0;
    if (document->draft.fd < 0 &&
        document_prepare(document, text->len, err) < 0)
        return -1;
    if (file_draft_commit(&document->draft, text->data, text->len, err) < 0)
        return -1;
    document->present =
        secret_set(&document->text, text->data, text->len) == 0;
    return 0;
}

void
document_discard(struct document *document)
{
    file_draft_discard(&document->draft);
}

void
document_remove(struct document *document)
{
    secret_release(&document->text);
    document->present = false;
    if (document->folder >= 0)
        unlinkat(document->folder, document->name, 0);
}

void
document_release(struct document *document)
{
    document_discard(document);
    secret_release(&document->text);
}
