#include "lib/account/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define KEY_RAW_MAX 4096

void
key_release(struct key *key)
{
    free(key->id);
    free(key->app_id);
    free(key->name);
    secret_release(&key->raw);
    *key = (struct key)KEY_INIT;
}

static bool
key_is_usable(const char *raw)
{
    size_t len = raw ? strlen(raw) : 0;

    for (size_t i = 0; i < len; i++)
        if (raw[i] <= ' ' || raw[i] >= 0x7f)
            return false;
    return len > 0 && len <= KEY_RAW_MAX;
}

static int
key_read(struct key *key, const struct json *reply, const char *app_id,
         const char *name)
{
    const char *id = json_text(reply, "api_key_id");
    const char *raw = json_text(reply, "raw_api_key");

    *key = (struct key){strdup(account_is_id(id) ? id : ""), strdup(app_id),
                        strdup(name), SECRET_INIT};
    if (key->id && key->app_id && key->name &&
        secret_set(&key->raw, raw, strlen(raw)) == 0)
        return 0;
    key_release(key);
    return -1;
}

enum account_result
key_create(const struct account *account, const char *app_id, const char *name,
           struct key *key, bool *maybe_done, struct error *err)
{
    CLEANUP(account_reply_release)
    struct account_reply reply = ACCOUNT_REPLY_INIT;
    cleanup_json struct json *body = json_new_object();
    enum account_result result;
    char path[160];

    *maybe_done = false;
    if (!account_is_id(app_id)) {
        error_set(err, FAIL_INPUT, "usage", "that is no app's id");
        return ACCOUNT_REFUSED;
    }
    snprintf(path, sizeof path, "/service/v1/apps/%s/keys", app_id);
    json_put_text(body, "api_key_name", name);
    result = account_call(account, "POST", path, body, &reply, err);
    *maybe_done = reply.maybe_done;
    if (result != ACCOUNT_OK)
        return result;
    *maybe_done = true;
    if (!key_is_usable(json_text(reply.json, "raw_api_key")))
        return account_bad_reply(account, "\"raw_api_key\"", err);
    if (key_read(key, reply.json, app_id, name) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return ACCOUNT_FAILED;
    }
    return ACCOUNT_OK;
}

enum account_result
key_delete(const struct account *account, const char *app_id, const char *id,
           struct error *err)
{
    CLEANUP(account_reply_release)
    struct account_reply reply = ACCOUNT_REPLY_INIT;
    char path[240];

    if (!account_is_id(app_id) || !account_is_id(id)) {
        error_set(err, FAIL_INPUT, "usage", "that is no API key's id");
        return ACCOUNT_REFUSED;
    }
    snprintf(path, sizeof path, "/service/v1/apps/%s/keys/%s", app_id, id);
    return account_call(account, "DELETE", path, NULL, &reply, err);
}
