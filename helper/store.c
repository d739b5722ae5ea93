/*
 * store.c - what git tells us after it has used a credential. Nearly always
 * there is nothing to do, and the front knows it at once.
 */
#include "helper/front.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/answer.h"

static int
front_read_notice(struct front *front)
{
    struct error err = ERROR_INIT;

    if (request_receive(&front->request, STDIN_FILENO, &err) < 0) {
        front_complain(err.text);
        return (int)err.failure;
    }
    front->has_request = true;
    return FRONT_HANDOVER;
}

/* Whether it is about an address of ours; if that is not certain, the broker
 * finds out. */
enum owner { OWNER_NOBODY, OWNER_OTHER, OWNER_UNKNOWN, OWNER_US };

static enum owner
front_find_owner(struct front *front, struct request *request)
{
    bool address = request_read(request, &front->request) == 0;

    if (!front->any_host)
        return address ? OWNER_US : OWNER_NOBODY;
    if (!address)
        return OWNER_OTHER;
    if (!front_open(front))
        return OWNER_UNKNOWN;
    return front_owns(front, request) ? OWNER_US : OWNER_OTHER;
}

enum notice {
    NOTICE_FOREIGN, /* no address of ours */
    NOTICE_CURRENT, /* the password is what we would answer now */
    NOTICE_OTHER    /* our address, another password */
};

static enum notice
front_classify(const struct front *front, const struct request *request)
{
    enum notice found = NOTICE_FOREIGN;

    for (size_t i = 0; i < front->cache.count; i++) {
        const struct fields *each = &front->cache.credential[i];

        if (cache_match(each, request->origin, request->path) ==
            CACHE_USE_NOTHING)
            continue;
        found = NOTICE_OTHER;
        if (strcmp(request->password, fields_text(each, "access_token")) ==
                0 ||
            strcmp(request->password, fields_text(each, "api_key")) == 0)
            return NOTICE_CURRENT;
    }
    return found;
}

int
front_store(struct front *front)
{
    struct request request;
    int result = front_read_notice(front);
    enum owner owner;

    if (result != FRONT_HANDOVER)
        return result;
    owner = front_find_owner(front, &request);
    if (owner == OWNER_OTHER)
        return front_store_other(front);
    if (owner != OWNER_US)
        return owner == OWNER_UNKNOWN ? FRONT_HANDOVER : FAIL_NONE;
    if (!request.password || !*request.password || request.expires ||
        (request.username && strcmp(request.username, ANSWER_TOKEN_USER) == 0))
        return FAIL_NONE;
    if (front_open(front) && front->cache.count > 0 &&
        front_classify(front, &request) != NOTICE_OTHER)
        return FAIL_NONE;
    return FRONT_HANDOVER;
}

int
front_erase(struct front *front)
{
    struct request request;
    int result = front_read_notice(front);
    enum owner owner;

    if (result != FRONT_HANDOVER)
        return result;
    owner = front_find_owner(front, &request);
    if (owner == OWNER_OTHER)
        return front_erase_other(front);
    if (owner != OWNER_US)
        return owner == OWNER_UNKNOWN ? FRONT_HANDOVER : FAIL_NONE;
    if (!request.password || !*request.password)
        return FAIL_NONE;
    if (front_open(front) && front_classify(front, &request) != NOTICE_CURRENT)
        return FAIL_NONE;
    return FRONT_HANDOVER;
}
