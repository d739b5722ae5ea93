/*
 * other.c - any host's credentials, for git, from the session cache.
 *
 * The cache need not hold all of them; where it does not, the broker looks
 * into the store.
 */
#include "helper/front.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/other.h"

static bool
front_agrees(const struct fields *block, const struct request *request)
{
    return cache_match(block, request->origin, request->path) !=
           CACHE_USE_NOTHING;
}

bool
front_owns(const struct front *front, const struct request *request)
{
    if (front_agrees(&front->cache.header, request))
        return true;
    for (size_t i = 0; i < front->cache.count; i++)
        if (front_agrees(&front->cache.credential[i], request))
            return true;
    return false;
}

/* Whether the cache is good, and all there is. */
static bool
front_knows_others(struct front *front)
{
    return (front->cache.count > 0 || front->cache.header.count > 0 ||
            front_open(front)) &&
           cache_has_all_others(&front->cache);
}

int
front_get_other(struct front *front)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    struct other other, best = {.key = NULL};
    int64_t now = clock_now().real;

    if (other_request_git(&request, &front->request) < 0)
        return FAIL_NONE;
    if (!front_knows_others(front))
        return FRONT_HANDOVER;
    while (cache_next_other(&front->cache, &block, &other))
        if (other_is_better(&request, &other, &best, now))
            best = other;
    if (!best.key)
        return FAIL_NONE;
    if (!best.secret || other_answer_git(&answer, &request, &best, now) < 0)
        return FRONT_HANDOVER;
    return answer.len ? front_answer(&answer) : FAIL_NONE;
}

int
front_store_other(struct front *front)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    struct other told, other;

    /* git says so after each use: mostly it is what is there already. */
    if (other_request_git(&request, &front->request) < 0 ||
        other_request_view(&request, &told) < 0)
        return FAIL_NONE;
    if (front_knows_others(front))
        while (cache_next_other(&front->cache, &block, &other))
            if (other_equals(&other, &told))
                return FAIL_NONE;
    return FRONT_HANDOVER;
}

int
front_erase_other(struct front *front)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    struct other other;

    if (other_request_git(&request, &front->request) < 0)
        return FAIL_NONE;
    if (!front_knows_others(front))
        return FRONT_HANDOVER;
    while (cache_next_other(&front->cache, &block, &other))
        if (!other.secret || other_match(&request, &other, true))
            return FRONT_HANDOVER;
    return FAIL_NONE;
}
