/*
 * env.c - the API key as lines that a shell reads: env.
 */
#include "helper/front.h"

#include "lib/base/cleanup.h"

static int
env_print(const struct front *front, const struct fields *credential)
{
    CLEANUP(secret_release) struct secret lines = SECRET_INIT;
    enum shell shell = front->shell ? front->shell : shell_guess();
    int result =
        shell_export(&lines, shell, "PARALLEL_API_KEY", front_key(credential));

    if (result == 0 && !front_own_key(credential))
        result = shell_export(&lines, shell, "PARALLEL_CREDENTIAL_KEY_ID",
                              fields_text(credential, "api_key_id"));
    if (result == 0)
        return front_answer(&lines);
    return FRONT_HANDOVER; /* to be told why */
}

/* A session's start: what is exported already, or must not be, is no matter,
 * and nothing is said. */
static int
env_print_session(const struct front *front, const struct fields *credential)
{
    if (front_own_key(NULL) || !*front_key(credential) ||
        !fields_get(&front->cache.header, "export"))
        return FAIL_NONE;
    return env_print(front, credential);
}

int
front_env(struct front *front)
{
    static const struct fields nothing = FIELDS_INIT;
    const struct fields *credential;

    if (front->session && front_own_key(NULL))
        return FAIL_NONE;
    if (!front_open(front))
        return FRONT_HANDOVER;
    credential = front_chosen(front);
    if (front->session)
        return env_print_session(front, credential ? credential : &nothing);
    if (!credential || !*front_key(credential))
        return FRONT_HANDOVER;
    return env_print(front, credential);
}
