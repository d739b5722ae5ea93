/*
 * env.c - the API key as lines that a shell reads: env.
 */
#include "broker/broker.h"

#include "lib/base/cleanup.h"

static int
env_print(const struct broker *b, const struct record *record,
          struct error *err)
{
    CLEANUP(secret_release) struct secret lines = SECRET_INIT;
    const char *key = broker_key(b, record);
    bool own = !record || !secret_equals(&record->api_key, key);
    enum shell shell = b->sh      ? SHELL_SH
                       : b->csh   ? SHELL_CSH
                       : b->fish  ? SHELL_FISH
                       : b->plain ? SHELL_PLAIN
                                  : shell_guess();
    int result = shell_export(&lines, shell, "PARALLEL_API_KEY", key);

    if (result == 0 && !own)
        result = shell_export(&lines, shell, "PARALLEL_CREDENTIAL_KEY_ID",
                              record_key_id(record));
    if (result < 0)
        return error_set(err, FAIL_SERVICE, "output",
                         "the API key has characters in it that cannot be "
                         "written this way");
    return broker_print(&lines, err);
}

int
broker_env(struct broker *b, int *status, struct error *err)
{
    struct record *record = NULL;
    enum credential_result found;

    (void)status;
    if (broker_open(b, err) < 0)
        return b->session && policy_is_cause(err) ? 0 : -1;
    found = credential_find(&b->credential, &record, err);
    if (found != CREDENTIAL_OK)
        record = NULL;
    /* Not for the user manager's generator: see broker_take_back(). */
    if (!(b->session && b->plain) &&
        (found != CREDENTIAL_FAILED || policy_is_cause(err)))
        credential_tell_front(&b->credential); /* also of nothing */
    /* Who asks by himself gets one that is made now; a session does not wait
     * for that. */
    if (!b->session && record && !*broker_key(b, record) &&
        credential_key(&b->credential, &record, err) != CREDENTIAL_OK)
        return -1;
    if (*broker_key(b, record) &&
        (!b->session || b->config.export_environment))
        return env_print(b, record, err);
    if (b->session)
        return found == CREDENTIAL_FAILED && !policy_is_cause(err) ? -1 : 0;
    return -1;
}
