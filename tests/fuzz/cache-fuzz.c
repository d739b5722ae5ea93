/*
 * The session cache is only read if it is ours, but a disk can lie, and a
 * program of the same user can write it: whatever stands there, the front
 * must not fall over, and what it would serve must stand in the file.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cache.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder_path[] = "/tmp/cache-fuzz.XXXXXX";

static void
remove_folder(void)
{
    char path[sizeof folder_path + sizeof CACHE_NAME + 1];

    strcpy(path, folder_path);
    strcat(path, "/" CACHE_NAME);
    unlink(path);
    rmdir(folder_path);
}

static int
open_folder(void)
{
    static int folder = -1;

    if (folder >= 0)
        return folder;
    if (!mkdtemp(folder_path))
        abort();
    atexit(remove_folder);
    folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder;
}

static void
write_cache(int folder, const uint8_t *data, size_t size)
{
    int fd = openat(folder, CACHE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || file_write_all(fd, data, size) < 0)
        abort();
    close(fd);
}

static void
look_at(const struct fields *block, const uint8_t *data, size_t size)
{
    const struct moment now = {1700000000000, 1000000};
    const char *token = fields_get(block, "access_token");
    enum cache_verdict verdict = cache_judge(block, now, 0);

    if ((verdict == CACHE_FRESH || verdict == CACHE_DUE) &&
        (!token || !memmem(data, size, token, strlen(token))))
        abort();
    if (cache_judge(block, now, 1000) == CACHE_FRESH && verdict != CACHE_FRESH)
        abort(); /* good for a second more, but not now? */
    cache_may_retry(block, now.real);
    cache_match(block, "https://api.parallel.ai", "account/service");
    cache_match(block, "https://platform.parallel.ai", "");
}

static void
look_at_others(struct cache *cache)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    CLEANUP(other_request_release) struct other_request request = {0};
    struct other other;

    other_request_docker(&request, "quay.io");
    while (cache_next_other(cache, &block, &other)) {
        CLEANUP(secret_release) struct secret answer = SECRET_INIT;

        if (other.secret && other_match(&request, &other, false) &&
            other_answer_docker(&answer, &other) == 0 &&
            (strlen(answer.data) != answer.len ||
             answer.data[answer.len - 2] != '}'))
            abort();
        if (other.secret)
            other_answer_git(&answer, &request, &other, 1700000000000);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct place place = {.home = "/h", .runtime = "/r"};
    struct cache cache = CACHE_INIT;
    int folder = open_folder();

    write_cache(folder, data, size);
    if (cache_load(&cache, &place, folder) &&
        strcmp(fields_text(&cache.header, "home"), "/h") != 0)
        abort();
    for (size_t i = 0; i < cache.count; i++)
        look_at(&cache.credential[i], data, size);
    if (cache.text.len)
        look_at_others(&cache);
    cache_find(&cache, "parallel", "https://platform.parallel.ai", NULL);
    cache_release(&cache);
    return 0;
}
