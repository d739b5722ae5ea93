/*
 * docker.c - docker-credential-parallel: docker's protocol for helpers.
 *
 * `get` reads the address of a registry and is answered from the session
 * cache; all else is the broker's. Errors go to standard output, with exit
 * status 1: docker compares the text.
 */
#include "helper/front.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/docker.h"
#include "lib/base/other.h"

bool
front_is_docker(const char *program)
{
    const char *slash = strrchr(program, '/');

    return strcmp(slash ? slash + 1 : program, DOCKER_PROGRAM) == 0;
}

static int
front_docker_fail(const char *text)
{
    CLEANUP(secret_release) struct secret line = SECRET_INIT;

    if (secret_append_text(&line, text) == 0 &&
        secret_append_text(&line, "\n") == 0)
        front_answer(&line);
    return DOCKER_FAILED;
}

/* The registry that standard input names; its end is cut off in place. */
static char *
front_docker_server(struct secret *copy, const struct secret *input)
{
    return secret_set(copy, input->data, input->len) < 0 || !copy->data
               ? NULL
               : docker_trim(copy->data);
}

static int
front_docker_get(struct front *front)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    int64_t now = clock_now().real;
    struct other other;
    const char *server = front_docker_server(&text, &front->input);

    if (!server || !*server)
        return front_docker_fail(DOCKER_NO_SERVER);
    if (other_request_docker(&request, server) < 0 || !front_open(front))
        return FRONT_HANDOVER;
    while (cache_next_other(&front->cache, &block, &other)) {
        if (!other_is_alive(&other, now) ||
            !other_match(&request, &other, false))
            continue;
        if (!other.secret || other_answer_docker(&answer, &other) < 0)
            return FRONT_HANDOVER;
        return front_answer(&answer);
    }
    return cache_has_all_others(&front->cache)
               ? front_docker_fail(DOCKER_NOT_FOUND)
               : FRONT_HANDOVER;
}

int
front_docker(struct front *front)
{
    const char *verb = front->argv[1];

    if (!verb || front->argv[2] || strcmp(verb, "get") != 0)
        return FRONT_HANDOVER;
    if (docker_read(&front->input) < 0)
        return front_docker_fail(DOCKER_TOO_LONG);
    front->has_input = true;
    return front_docker_get(front);
}
