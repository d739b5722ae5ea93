#include "lib/account/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define APP_PATH "/service/v1/apps"

static void
app_release(struct app *app)
{
    free(app->id);
    free(app->name);
    free(app->org_id);
    free(app->org_name);
}

void
apps_release(struct apps *apps)
{
    for (size_t i = 0; i < apps->count; i++)
        app_release(&apps->item[i]);
    free(apps->item);
    *apps = (struct apps){NULL, 0};
}

static char *
app_text(const struct json *object, const char *key)
{
    const char *text = json_text(object, key);

    return strdup(text ? text : "");
}

static int
app_read(struct app *app, const struct json *object)
{
    *app =
        (struct app){app_text(object, "app_id"), app_text(object, "app_name"),
                     app_text(object, "org_id"), app_text(object, "org_name")};
    if (app->id && app->name && app->org_id && app->org_name)
        return 0;
    app_release(app);
    return -1;
}

static int
app_read_all(struct apps *apps, const struct json *list)
{
    size_t count = json_size(list);

    apps->item = calloc(count + 1, sizeof *apps->item);
    if (!apps->item)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct json *object = json_element(list, i);

        if (!object || !account_is_id(json_text(object, "app_id")))
            continue;
        if (app_read(&apps->item[apps->count], object) < 0)
            return -1;
        apps->count++;
    }
    return 0;
}

enum account_result
app_list(const struct account *account, struct apps *apps, struct error *err)
{
    CLEANUP(account_reply_release)
    struct account_reply reply = ACCOUNT_REPLY_INIT;
    enum account_result result =
        account_call(account, "GET", APP_PATH, NULL, &reply, err);

    *apps = (struct apps){NULL, 0};
    if (result != ACCOUNT_OK)
        return result;
    if (json_has(reply.json, "apps") && !json_array_at(reply.json, "apps"))
        return account_bad_reply(account, "list of apps", err);
    if (app_read_all(apps, json_array_at(reply.json, "apps")) == 0)
        return ACCOUNT_OK;
    apps_release(apps);
    error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return ACCOUNT_FAILED;
}

const struct app *
app_find(const struct apps *apps, const char *name, const char *org_id)
{
    for (size_t i = 0; i < apps->count; i++)
        if (strcmp(apps->item[i].name, name) == 0 &&
            (!*org_id || !*apps->item[i].org_id ||
             strcmp(apps->item[i].org_id, org_id) == 0))
            return &apps->item[i];
    return NULL;
}

enum account_result
app_create(const struct account *account, const char *name, char **id,
           struct error *err)
{
    CLEANUP(account_reply_release)
    struct account_reply reply = ACCOUNT_REPLY_INIT;
    cleanup_json struct json *body = json_new_object();
    enum account_result result;

    json_put_text(body, "app_name", name);
    result = account_call(account, "POST", APP_PATH, body, &reply, err);
    if (result != ACCOUNT_OK)
        return result;
    if (!account_is_id(json_text(reply.json, "app_id")))
        return account_bad_reply(account, "\"app_id\"", err);
    *id = app_text(reply.json, "app_id");
    return *id ? ACCOUNT_OK : ACCOUNT_FAILED;
}

enum account_result
app_delete(const struct account *account, const char *id, struct error *err)
{
    CLEANUP(account_reply_release)
    struct account_reply reply = ACCOUNT_REPLY_INIT;
    char path[160];

    if (!account_is_id(id)) {
        error_set(err, FAIL_INPUT, "usage", "that is no app's id");
        return ACCOUNT_REFUSED;
    }
    snprintf(path, sizeof path, APP_PATH "/%s", id);
    return account_call(account, "DELETE", path, NULL, &reply, err);
}
