/*
 * app.h - apps: what API keys belong to.
 */
#ifndef PARALLEL_ACCOUNT_APP_H
#define PARALLEL_ACCOUNT_APP_H

#include <stddef.h>

#include "lib/account/call.h"

struct app {
    char *id;
    char *name;
    char *org_id;
    char *org_name;
};

struct apps {
    struct app *item;
    size_t count;
};

/* All apps that the token sees. An app without a usable id is left out. */
enum account_result app_list(const struct account *account, struct apps *apps,
                             struct error *err);

/* The app of this name in an organization ("": in any), or NULL. */
const struct app *app_find(const struct apps *apps, const char *name,
                           const char *org_id);

/* *id is owned by the caller. */
enum account_result app_create(const struct account *account, const char *name,
                               char **id, struct error *err);

/* With all its keys. */
enum account_result app_delete(const struct account *account, const char *id,
                               struct error *err);

void apps_release(struct apps *apps);

#endif
