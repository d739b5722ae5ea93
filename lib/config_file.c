/*
 * config_file.c - the files of the configuration: which they are, and that
 * they are what may be believed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"
#include "lib/config_parts.h"
#include "lib/wrap/conf.h"

#define CONFIG_FILE_MAX (256 * 1024)

/* Whom the kernel shows for everybody that a user namespace has no number
 * for. */
#define CONFIG_NOBODY 65534

/* 340 lines of three numbers, with room. */
#define CONFIG_MAP_MAX 16384

static int
config_remember(struct config *config, const char *path, const struct stat *st)
{
    struct config_seen *grown =
        realloc(config->seen, (config->seen_count + 1) * sizeof *config->seen);

    if (!grown)
        return -1;
    config->seen = grown;
    grown += config->seen_count;
    *grown = (struct config_seen){.path = strdup(path), .present = st};
    if (st)
        grown->st = *st;
    if (!grown->path)
        return -1;
    config->seen_count++;
    return 0;
}

int
config_watch(struct config *config, const char *path)
{
    struct stat st;

    return config_remember(config, path, stat(path, &st) == 0 ? &st : NULL);
}

/*
 * Whether a file that seems to be ours is. Where root and we alike have no
 * number, or ours is the one that stands for none, root's file looks the same;
 * and of people nobody knows the names. Without privileges a person can only
 * make that number one of nobody or of the person alone: in a range of numbers
 * it is somebody's, as outside of all user namespaces.
 */
static bool
config_knows_owner(void)
{
    char map[CONFIG_MAP_MAX] = "";
    unsigned long first, count;
    cleanup_close int fd = -1;

    if (geteuid() != CONFIG_NOBODY)
        return true;
    fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, map, sizeof map - 1) <= 0)
        return false;
    for (const char *line = map; line; line = strchr(line + 1, '\n'))
        if (sscanf(line, "%lu %*u %lu", &first, &count) == 2 &&
            first <= CONFIG_NOBODY && CONFIG_NOBODY - first < count)
            return count > 1;
    return false;
}

/*
 * What we read may belong to the administrator or to ourselves, and nobody
 * else may write it.
 */
static int
config_check(const struct stat *st, const char *path, struct error *err)
{
    if (st->st_uid != 0 && (st->st_uid != geteuid() || !config_knows_owner()))
        return error_set(err, FAIL_INPUT, "config",
                         "%s belongs to uid %u, neither to root nor to you",
                         path, (unsigned)st->st_uid);
    if (st->st_mode & 022)
        return error_set(err, FAIL_INPUT, "config",
                         "%s can be written by others; mend it with: "
                         "chmod go-w %s",
                         path, path);
    return 0;
}

/* Opens path of the given type; 1 when it is not there. */
static int
config_open(struct config *config, const char *path, mode_t type, int *fd,
            struct error *err)
{
    struct stat st;
    cleanup_close int file =
        open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    /* A link that leads nowhere is no file that is not there: what it should
     * lead to may be a policy. */
    if (file < 0 && errno == ENOENT && lstat(path, &st) == 0 &&
        S_ISLNK(st.st_mode)) {
        errno = ENOENT;
        return error_errno(err, FAIL_INPUT, "config", "cannot read %s", path);
    }
    if (file < 0 && errno == ENOENT)
        return config_remember(config, path, NULL) < 0 ? -1 : 1;
    if (file < 0 || fstat(file, &st) < 0) {
        error_errno(err, FAIL_INPUT, "config", "cannot read %s", path);
        return -1;
    }
    if ((st.st_mode & S_IFMT) != type)
        return error_set(err, FAIL_INPUT, "config", "%s is not a %s", path,
                         type == S_IFDIR ? "folder" : "regular file");
    if (config_check(&st, path, err) < 0 ||
        config_remember(config, path, &st) < 0)
        return -1;
    *fd = steal_fd(&file);
    return 0;
}

static int
config_read_fd(int fd, const char *path, struct secret *text,
               struct error *err)
{
    ssize_t n;

    do {
        if (secret_reserve(text, 4096) < 0 || text->len > CONFIG_FILE_MAX)
            return error_set(err, FAIL_INPUT, "config",
                             "%s is larger than %d bytes", path,
                             CONFIG_FILE_MAX);
        n = read(fd, text->data + text->len, 4096);
        if (n < 0 && errno != EINTR)
            return error_errno(err, FAIL_INPUT, "config", "cannot read %s",
                               path);
        if (n > 0)
            text->len += (size_t)n;
    } while (n != 0);
    text->data[text->len] = '\0';
    return 0;
}

static int
config_read_file(struct config *config, const char *path, bool system,
                 struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct config_reading reading = {config, path, system};
    cleanup_close int fd = -1;
    int result = config_open(config, path, S_IFREG, &fd, err);

    if (result != 0)
        return result < 0 ? -1 : 0;
    if (config_read_fd(fd, path, &text, err) < 0)
        return -1;
    return conf_parse(path, text.data, text.len, config_handle, &reading, err);
}

static int
config_is_drop_in(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 &&
           strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int
config_by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int
config_read_drop_ins(struct config *config, const char *folder,
                     struct error *err)
{
    struct dirent **entries = NULL;
    cleanup_close int fd = -1;
    int result = config_open(config, folder, S_IFDIR, &fd, err);
    int count;

    if (result != 0)
        return result < 0 ? -1 : 0;
    count = scandir(folder, &entries, config_is_drop_in, config_by_name);
    if (count < 0)
        return error_errno(err, FAIL_INPUT, "config", "cannot read %s",
                           folder);
    for (int i = 0; i < count; i++) {
        cleanup_free char *path = NULL;

        if (result == 0 &&
            asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
            path = NULL;
        if (result == 0)
            result = path ? config_pass(
                                config,
                                config_read_file(config, path, true, err), err)
                          : -1;
        free(entries[i]);
    }
    free(entries);
    return result;
}

int
config_read_files(struct config *config, const char *system_file,
                  const struct place *place, struct error *err)
{
    cleanup_free char *folder = NULL;

    if (asprintf(&folder, "%s.d", system_file) < 0)
        folder = NULL;
    if (!folder ||
        config_pass(config, config_read_file(config, system_file, true, err),
                    err) < 0 ||
        config_pass(config, config_read_drop_ins(config, folder, err), err) <
            0)
        return -1;
    if (!place->configuration[0])
        return 0;
    return config_pass(
        config, config_read_file(config, place->configuration, false, err),
        err);
}
