#include "lib/base/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define CACHE_ABSENT "absent "

/* Who is in more groups has no cache where groups matter. */
#define CACHE_GROUPS_MAX 1024

/* A clock may be set back by this much without a word. */
#define CACHE_CLOCK_TOLERANCE 60000

const char *
cache_folder(const struct place *place)
{
    return place->runtime[0] ? place->runtime : place->state;
}

#define CACHE_LOOK_SIZE 160

/* How a file looks: all of a watch[] line but the path. */
static size_t
cache_look(char *out, const struct stat *seen)
{
    const int64_t numbers[] = {(int64_t)seen->st_ino, seen->st_size,
                               seen->st_mtim.tv_sec, seen->st_mtim.tv_nsec,
                               (int64_t)seen->st_dev};
    size_t used = 0;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        used = text_put_number(out, CACHE_LOOK_SIZE, used, numbers[i]);
        used = text_put(out, CACHE_LOOK_SIZE, used, " ");
    }
    return used;
}

int
cache_watch_seen(struct secret *block, const char *path,
                 const struct stat *seen)
{
    char line[PATH_MAX + CACHE_LOOK_SIZE];
    size_t used = seen ? cache_look(line, seen)
                       : text_put(line, sizeof line, 0, CACHE_ABSENT);

    text_put(line, sizeof line, used, path);
    return fields_put(block, "watch[]", line);
}

int
cache_watch(struct secret *block, const char *path)
{
    struct stat st;

    return cache_watch_seen(block, path, stat(path, &st) == 0 ? &st : NULL);
}

/* Those of this very process; -1: too many. */
static int
cache_find_groups(gid_t *list)
{
    int count = getgroups(CACHE_GROUPS_MAX, list);

    if (count < 0)
        return -1;
    list[count++] = getgid();
    list[count++] = getegid();
    return count;
}

int
cache_put_groups(struct secret *block)
{
    CLEANUP(secret_release) struct secret words = SECRET_INIT;
    gid_t list[CACHE_GROUPS_MAX + 2];
    int count = cache_find_groups(list);

    for (int i = 0; i < count; i++) {
        char number[TEXT_NUMBER_SIZE];

        if (secret_append_text(&words, text_from_number(number, list[i])) <
                0 ||
            secret_append_text(&words, " ") < 0)
            return -1;
    }
    return count < 0 ? -1 : fields_put(block, "groups", words.data);
}

/* Whether we are in no group that is not among these. */
static bool
cache_has_groups(const char *words)
{
    gid_t list[CACHE_GROUPS_MAX + 2];
    int count = cache_find_groups(list);

    for (int i = 0; i < count; i++) {
        char number[TEXT_NUMBER_SIZE];

        if (!text_has_word(words, text_from_number(number, list[i])))
            return false;
    }
    return count >= 0;
}

static bool
cache_is_unchanged(const char *watch)
{
    char look[CACHE_LOOK_SIZE];
    const char *path = strchr(watch, '/');
    struct stat st;
    size_t used;

    if (!path)
        return false;
    if (stat(path, &st) < 0)
        return text_starts_with(watch, CACHE_ABSENT);
    used = cache_look(look, &st);
    return (size_t)(path - watch) == used && memcmp(watch, look, used) == 0;
}

static struct moment
cache_moment(const struct fields *block, const char *real, const char *boot)
{
    return (struct moment){fields_number(block, real),
                           fields_number(block, boot)};
}

static bool
cache_is_for(const struct fields *header, const struct place *place)
{
    const char *watch;
    size_t at = 0;

    if (strcmp(fields_text(header, "format"), CACHE_FORMAT) != 0)
        return false;
    if (place->home[0] ? strcmp(fields_text(header, "home"), place->home) != 0
                       : !fields_get(header, "home_default"))
        return false;
    if (fields_get(header, "check_by") &&
        clock_reached(cache_moment(header, "check_by", "check_by_boot"),
                      clock_now()))
        return false;
    if (fields_get(header, "groups") &&
        !cache_has_groups(fields_text(header, "groups")))
        return false;
    while ((watch = fields_next(header, "watch[]", &at)))
        if (!cache_is_unchanged(watch))
            return false;
    return true;
}

/* What lies behind all else stays as it is for now. -1: that is missing. */
static int
cache_set_others_apart(struct cache *cache, size_t at)
{
    int64_t len = fields_number(&cache->header, "others");

    if (len > (int64_t)(cache->text.len - at))
        return -1;
    cache->others_left = (size_t)len;
    cache->others = cache->text.data + cache->text.len - len;
    return 0;
}

static bool
cache_parse(struct cache *cache)
{
    size_t at = 0, used, end;

    if (fields_parse(&cache->header, cache->text.data, cache->text.len, false,
                     &at, NULL) < 0 ||
        cache_set_others_apart(cache, at) < 0)
        return false;
    end = cache->text.len - cache->others_left;
    while (at < end) {
        struct fields *grown = realloc(
            cache->credential, (cache->count + 1) * sizeof *cache->credential);
        struct fields *block;

        if (!grown)
            return false;
        cache->credential = grown;
        block = &grown[cache->count++];
        *block = (struct fields)FIELDS_INIT;
        if (fields_parse(block, cache->text.data + at, end - at, false, &used,
                         NULL) < 0 ||
            !fields_get(block, "issuer"))
            return false;
        at += used;
    }
    return true;
}

/* A file that was cut short does not end with a whole block, or has too few
 * of them. */
static bool
cache_is_whole(const struct cache *cache)
{
    return fields_number(&cache->header, "credentials") ==
           (int64_t)cache->count;
}

bool
cache_load(struct cache *cache, const struct place *place, int folder)
{
    static const char ending[] = "\n\n";

    cache_release(cache);
    if (file_read(folder, "", CACHE_NAME, CACHE_MAX, &cache->text, NULL,
                  NULL) != FILE_OK)
        return false;
    return cache->text.len > 2 &&
           strcmp(cache->text.data + cache->text.len - 2, ending) == 0 &&
           cache_parse(cache) && cache_is_whole(cache) &&
           cache_is_for(&cache->header, place);
}

bool
cache_next_other(struct cache *cache, struct fields *block,
                 struct other *other)
{
    size_t used = 0;

    if (cache->others_left == 0 ||
        fields_parse(block, cache->others, cache->others_left, false, &used,
                     NULL) < 0)
        return false;
    cache->others += used;
    cache->others_left -= used;
    return other_read_block(other, block) == 0;
}

bool
cache_has_all_others(const struct cache *cache)
{
    return fields_get(&cache->header, "others_whole") != NULL;
}

void
cache_release(struct cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        fields_release(&cache->credential[i]);
    free(cache->credential);
    fields_release(&cache->header);
    secret_release(&cache->text);
    *cache = (struct cache)CACHE_INIT;
}

static bool
cache_agrees(const struct fields *block, const char *key, const char *value)
{
    return !value || strcmp(fields_text(block, key), value) == 0;
}

const struct fields *
cache_find(const struct cache *cache, const char *provider, const char *issuer,
           const char *org)
{
    for (size_t i = 0; i < cache->count; i++) {
        const struct fields *block = &cache->credential[i];
        if (cache_agrees(block, "provider", provider) &&
            cache_agrees(block, "issuer", issuer) &&
            cache_agrees(block, "org_id", org))
            return block;
    }
    return NULL;
}

enum cache_verdict
cache_judge(const struct fields *credential, struct moment now, int64_t ttl)
{
    struct moment usable =
        cache_moment(credential, "usable_until", "usable_until_boot");
    struct moment due =
        cache_moment(credential, "renew_from", "renew_from_boot");
    bool renewable = fields_get(credential, "renewable") != NULL;
    int64_t expires = fields_number(credential, "expires_at");
    struct moment end = clock_after(usable, expires - usable.real - ttl);

    if (fields_get(credential, "access_token") &&
        !clock_reached(usable, now) && !clock_reached(end, now) &&
        now.real >=
            fields_number(credential, "valid_from") - CACHE_CLOCK_TOLERANCE)
        return renewable && clock_reached(due, now) ? CACHE_DUE : CACHE_FRESH;
    if (fields_get(credential, "refused"))
        return CACHE_REFUSED;
    return renewable ? CACHE_EXPIRED : CACHE_NONE;
}

bool
cache_may_retry(const struct fields *credential, int64_t now_real)
{
    int64_t left = fields_number(credential, "retry_at") - now_real;

    return left <= 0 || left > fields_number(credential, "retry_wait");
}

/*
 * How well address fits: the length of the entry that matches, or 0. An
 * entry is an origin, or an origin with a path prefix that ends in '/'.
 */
static size_t
cache_match_length(const char *entry, const char *origin, const char *path)
{
    size_t len = strlen(origin);
    const char *prefix = entry + len;
    size_t prefix_len;

    if (strncmp(entry, origin, len) != 0)
        return 0;
    if (!*prefix)
        return len;
    if (*prefix++ != '/')
        return 0;
    prefix_len = strlen(prefix);
    if (strncmp(path, prefix, prefix_len) == 0 ||
        (prefix_len > 0 && strlen(path) == prefix_len - 1 &&
         strncmp(path, prefix, prefix_len - 1) == 0))
        return len + 1 + prefix_len;
    return 0;
}

static size_t
cache_best_match(const struct fields *credential, const char *list,
                 const char *origin, const char *path)
{
    const char *entry;
    size_t at = 0, best = 0;

    while ((entry = fields_next(credential, list, &at))) {
        size_t length = cache_match_length(entry, origin, path);
        if (length > best)
            best = length;
    }
    return best;
}

enum cache_use
cache_match(const struct fields *credential, const char *origin,
            const char *path)
{
    size_t token, key;

    while (*path == '/')
        path++;
    token = cache_best_match(credential, "token_for[]", origin, path);
    key = cache_best_match(credential, "key_for[]", origin, path);
    if (token == 0 && key == 0)
        return CACHE_USE_NOTHING;
    return key > token ? CACHE_USE_KEY : CACHE_USE_TOKEN;
}

bool
cache_is_to_sign_in(const struct cache *cache, const char *origin,
                    const char *path)
{
    while (*path == '/')
        path++;
    return cache_best_match(&cache->header, "sign_in_for[]", origin, path) > 0;
}
