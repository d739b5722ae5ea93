#include "helper/token_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"
#include "lib/base/text.h"

#define TOKEN_FILE_PREFIX "access-token."
#define TOKEN_FILE_TRIES  100

/* The part of the path that is the name in the folder. */
static const char *
token_file_name(const struct token_file *file)
{
    return strrchr(file->path, '/') + 1;
}

/*
 * A new file that is locked. One that somebody who sweeps has got hold of in
 * the moment before is no longer ours.
 */
static int
token_file_create(int folder, const char *name)
{
    cleanup_close int fd =
        openat(folder, name,
               O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    if (!lock_is_ours(folder, name, fd)) {
        errno = EEXIST;
        return -1;
    }
    fchmod(fd, 0600); /* whatever the umask takes away */
    return steal_fd(&fd);
}

static void
token_file_sweep_one(int folder, const char *name)
{
    cleanup_close int fd =
        openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && lock_is_ours(folder, name, fd))
        unlinkat(folder, name, 0);
}

void
token_file_sweep(const struct token_file *file)
{
    int folder = file->folder;
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!list) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(list)))
        if (text_starts_with(entry->d_name, TOKEN_FILE_PREFIX) &&
            strcmp(entry->d_name, token_file_name(file)) != 0)
            token_file_sweep_one(folder, entry->d_name);
    closedir(list);
}

static int
token_file_create_first(struct token_file *file, const char *folder)
{
    char *path = file->path;
    size_t size = sizeof file->path, used = text_put(path, size, 0, folder);

    /* Room for the name, and for ".new" behind it. */
    if (used + 80 > size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    used = text_put(path, size, used, "/" TOKEN_FILE_PREFIX);
    used = text_put_number(path, size, used, getpid());
    used = text_put(path, size, used, ".");
    errno = EEXIST;
    for (int n = 0; file->fd < 0 && errno == EEXIST && n < TOKEN_FILE_TRIES;
         n++) {
        text_put_number(path, size, used, n);
        file->fd = token_file_create(file->folder, token_file_name(file));
    }
    return file->fd < 0 ? -1 : 0;
}

int
token_file_make(struct token_file *file, const char *folder, const char *token)
{
    *file = (struct token_file)TOKEN_FILE_INIT;
    if (file_open_folder(folder, false, &file->folder, NULL) != FILE_OK) {
        file->folder = -1;
        errno = ENOENT;
        return -1;
    }
    if (token_file_create_first(file, folder) == 0 &&
        file_write_all(file->fd, token, strlen(token)) == 0)
        return 0;
    int saved = errno;
    token_file_remove(file);
    errno = saved;
    return -1;
}

/* The folder went away, as at the end of the person's last session. It is
 * made again, what is above it is not. */
static int
token_file_reopen_folder(struct token_file *file)
{
    const char *name = token_file_name(file);
    char folder[PATH_MAX];
    int fd;

    text_put(folder, sizeof folder, 0, file->path);
    folder[name - 1 - file->path] = '\0';
    if ((mkdir(folder, 0700) < 0 && errno != EEXIST) ||
        file_open_folder(folder, false, &fd, NULL) != FILE_OK)
        return -1;
    close(file->folder);
    file->folder = fd;
    return 0;
}

static int
token_file_create_draft(struct token_file *file, const char *draft)
{
    int fd;

    unlinkat(file->folder, draft, 0);
    fd = token_file_create(file->folder, draft);
    if (fd < 0 && errno == ENOENT && token_file_reopen_folder(file) == 0)
        fd = token_file_create(file->folder, draft);
    return fd;
}

int
token_file_replace(struct token_file *file, const char *token)
{
    const char *name = token_file_name(file);
    cleanup_close int fd = -1;
    char draft[128];

    text_put(draft, sizeof draft, text_put(draft, sizeof draft, 0, name),
             ".new");
    fd = token_file_create_draft(file, draft);
    if (fd < 0)
        return -1;
    if (file_write_all(fd, token, strlen(token)) < 0 ||
        renameat(file->folder, draft, file->folder, name) < 0) {
        unlinkat(file->folder, draft, 0);
        return -1;
    }
    close(file->fd);
    file->fd = steal_fd(&fd);
    return 0;
}

void
token_file_remove(struct token_file *file)
{
    if (file->fd >= 0) {
        unlinkat(file->folder, token_file_name(file), 0);
        close(file->fd);
    }
    if (file->folder >= 0)
        close(file->folder);
    *file = (struct token_file)TOKEN_FILE_INIT;
}
