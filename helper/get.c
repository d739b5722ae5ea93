#include "helper/front.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/answer.h"
#include "lib/base/cleanup.h"

/*
 * The first credential that has something for this address. With an
 * organization or issuer chosen, only that one is asked.
 */
static const struct fields *
front_find_offer(const struct front *front, const struct request *request,
                 enum cache_use *use)
{
    const struct fields *chosen = front_chosen(front), *offer = chosen;
    const char *usual = fields_get(&front->cache.header, "provider");
    bool any = !front->org && !front->provider;

    *use = CACHE_USE_NOTHING;
    if (chosen)
        *use = cache_match(chosen, request->origin, request->path);
    for (size_t i = 0;
         any && *use == CACHE_USE_NOTHING && i < front->cache.count; i++) {
        offer = &front->cache.credential[i];
        /* With nobody signed in to the usual one, its others do not count. */
        if (chosen ||
            (usual && strcmp(fields_text(offer, "provider"), usual) != 0))
            *use = cache_match(offer, request->origin, request->path);
    }
    return *use == CACHE_USE_NOTHING ? NULL : offer;
}

static int
front_serve(const struct request *request, const struct fields *credential,
            enum cache_use use)
{
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    int result;

    if (use == CACHE_USE_KEY)
        result = answer_key(&answer, request, front_key(credential));
    else
        result = answer_token(&answer, request,
                              fields_text(credential, "access_token"),
                              fields_number(credential, "expires_at"),
                              fields_get(credential, "present"));
    if (result < 0)
        return FAIL_SERVICE;
    if (answer.len == 0)
        return FAIL_NONE; /* another user name was asked for */
    return front_answer(&answer);
}

static int
front_try(struct front *front, const struct request *request,
          struct moment started)
{
    bool good = front_open(front);
    const struct fields *credential = NULL;
    enum cache_use use = CACHE_USE_NOTHING;
    int result;

    if (good && front->cache.count == 0)
        return FRONT_HANDOVER; /* signed out: a matter for a person */
    if (good) {
        credential = front_find_offer(front, request, &use);
        if (!credential && front_chosen(front) &&
            !cache_is_to_sign_in(&front->cache, request->origin,
                                 request->path))
            return FAIL_NONE; /* not an address of ours */
        if (!credential)
            return FRONT_HANDOVER;
        if (use == CACHE_USE_KEY && *front_key(credential))
            return front_serve(request, credential, use);
        use = CACHE_USE_TOKEN;
    }
    result = front_settle(front, credential, started);
    if (result == FAIL_NONE) {
        result = front_serve(request, credential, use);
        if (result == FAIL_NONE)
            front_renew_behind(front, credential);
    }
    return result;
}

int
front_get(struct front *front)
{
    struct moment started = clock_now();
    struct error err = ERROR_INIT;
    struct request request;
    int result;

    if (request_receive(&front->request, STDIN_FILENO, &err) < 0) {
        front_complain(err.text);
        return (int)err.failure;
    }
    front->has_request = true;
    if (request_read(&request, &front->request) < 0)
        return front->any_host
                   ? front_get_other(front)
                   : FAIL_NONE; /* git asks for all kinds of things */
    if (front->any_host && front_open(front) && !front_owns(front, &request))
        return front_get_other(front);
    do {
        result = front_try(front, &request, started);
    } while (result == FRONT_AGAIN);
    return result;
}
