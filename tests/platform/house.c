#include "tests/platform/house.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/platform/memory.h"

bool
house_write(const char *dir, const char *name, const char *text)
{
    char *path = memory_format("%s/%s", dir, name);
    char *temporary = memory_format("%s.new", path);
    FILE *file = fopen(temporary, "we");
    bool good = file && fputs(text, file) >= 0;

    if (file && fclose(file) != 0)
        good = false;
    if (good && rename(temporary, path) < 0)
        good = false;
    free(temporary);
    free(path);
    return good;
}

void
house_remove(const char *dir, const char *name)
{
    char *path = memory_format("%s/%s", dir, name);

    unlink(path);
    free(path);
}

/* Empties the hashed folder: an older start's CA is no good any more. */
static void
empty(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

bool
house_write_authority(const char *dir, const struct tls *tls)
{
    char *folder = memory_format("%s/ca", dir);
    char *name = memory_format("ca/%s.0", tls->authority_hash);
    bool good = mkdir(folder, 0755) == 0 || errno == EEXIST;

    empty(folder);
    good = good && house_write(dir, name, tls->authority) &&
           house_write(dir, "ca.pem", tls->authority) &&
           house_write(dir, "bundle.pem", tls->authority);
    free(folder);
    free(name);
    return good;
}
