#include "broker/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/table.h"
#include "lib/account/app.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static enum account_result
apps_ask(void *context, const struct account *account, struct error *err)
{
    return app_list(account, context, err);
}

static enum account_result
apps_ask_create(void *context, const struct account *account,
                struct error *err)
{
    struct app *app = context;

    return app_create(account, app->name, &app->id, err);
}

static enum account_result
apps_ask_delete(void *context, const struct account *account,
                struct error *err)
{
    return app_delete(account, context, err);
}

static void
apps_put(struct json *object, const struct app *app)
{
    json_put_text(object, "app_id", app->id);
    json_put_text(object, "app_name", app->name);
    json_put_text(object, "org_id", app->org_id);
    json_put_text(object, "org_name", app->org_name);
}

static int
apps_list(struct broker *b, struct error *err)
{
    CLEANUP(apps_release) struct apps apps = {NULL, 0};
    struct table table = TABLE("ID", "NAME", "ORGANIZATION");

    if (credential_call(&b->credential, apps_ask, &apps, err) != CREDENTIAL_OK)
        return -1;
    for (size_t i = 0; i < apps.count; i++) {
        const struct app *app = &apps.item[i];
        struct json *line;

        if (!b->json) {
            table_add(&table, app->id, app->name,
                      *app->org_name ? app->org_name : app->org_id);
            continue;
        }
        line = json_new_object();
        apps_put(line, app);
        if (broker_print_json(line, err) < 0)
            return -1;
    }
    return b->json ? 0 : table_print(&table, err);
}

static int
apps_create(struct broker *b, struct error *err)
{
    struct app app = {NULL, (char *)(uintptr_t)b->operand[1], NULL, NULL};
    struct json *line;

    if (credential_call(&b->credential, apps_ask_create, &app, err) !=
        CREDENTIAL_OK)
        return -1;
    if (b->json) {
        line = json_new_object();
        json_put_text(line, "app_id", app.id);
        json_put_text(line, "app_name", app.name);
        free(app.id);
        return broker_print_json(line, err);
    }
    printf("%s\n", app.id);
    free(app.id);
    return broker_flush(err);
}

static int
apps_delete(struct broker *b, struct error *err)
{
    char *id = (char *)(uintptr_t)b->operand[1];

    if (credential_call(&b->credential, apps_ask_delete, id, err) !=
        CREDENTIAL_OK)
        return -1;
    broker_say(b, "the app %s and all its API keys are deleted", id);
    return 0;
}

int
broker_apps(struct broker *b, int *status, struct error *err)
{
    const char *what = b->operand[0] ? b->operand[0] : "list";

    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    if (strcmp(what, "list") == 0 && !b->operand[1])
        return apps_list(b, err);
    if (strcmp(what, "create") == 0 && b->operand[1] && *b->operand[1])
        return apps_create(b, err);
    if (strcmp(what, "delete") == 0 && b->operand[1])
        return apps_delete(b, err);
    return error_set(err, FAIL_INPUT, "usage",
                     "apps: say list, create NAME or delete ID");
}
