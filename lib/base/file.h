/*
 * file.h - files that hold secrets: read with suspicion, replaced whole.
 *
 * Everything works on a folder's descriptor, never follows a symbolic link
 * in the last component, and looks at what was opened, not at a name.
 */
#ifndef PARALLEL_BASE_FILE_H
#define PARALLEL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"

enum file_status {
    FILE_OK = 0,
    FILE_ABSENT = 1,
    FILE_FAILED = -1 /* err is filled */
};

/*
 * Open the private folder path: ours, 0700 or stricter, not a link. With
 * create, it and missing parents are made with 0700. path is only for
 * opening and for messages. The descriptor goes to *fd (close-on-exec).
 */
enum file_status file_open_folder(const char *path, bool create, int *fd,
                                  struct error *err);

/*
 * Read the private file folder/name of at most max bytes: a regular file,
 * ours, no access for others, no second hard link. st (may be NULL) tells
 * what was read. Anything else that stands there is FILE_FAILED and named in
 * err; shown is the folder's path for the message.
 */
enum file_status file_read(int folder, const char *shown, const char *name,
                           size_t max, struct secret *out, struct stat *st,
                           struct error *err);

/*
 * A draft is the next version of a file, in the same folder, under the fixed
 * name "NAME.new" (so that a crash leaves at most one, which the next draft
 * replaces). Its writer holds the lock of that folder.
 *
 *   file_draft_open()    makes it and takes room bytes of disk at once;
 *                        after that, data of up to room bytes will fit
 *   file_draft_commit()  writes, syncs, renames over name, syncs the folder
 *   file_draft_discard() removes it; harmless after a commit
 *
 * Until the rename the old file is untouched. A commit that fails before it
 * leaves the draft open, so the caller may try again.
 */
struct file_draft {
    int folder; /* not owned */
    int fd;
    const char *shown; /* the folder's path; not owned */
    char name[64];
    char draft[72];
    bool durable; /* sync to disk; not worth it on a tmpfs */
};

#define FILE_DRAFT_INIT                                                       \
    {                                                                         \
        -1, -1, "", "", "", true                                              \
    }

int file_draft_open(struct file_draft *draft, int folder, const char *shown,
                    const char *name, size_t room, bool durable,
                    struct error *err);
int file_draft_commit(struct file_draft *draft, const void *data, size_t len,
                      struct error *err);
void file_draft_discard(struct file_draft *draft);

/* Write all of data to fd, through interruptions. 0, or -1 with errno. */
int file_write_all(int fd, const void *data, size_t len);

#endif
