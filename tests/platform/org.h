/*
 * Organizations and their apps. See state.h for the lock; what is returned
 * lives till the next reset (an app: till it is deleted).
 */
#ifndef PLATFORM_ORG_H
#define PLATFORM_ORG_H

#include <json-c/json.h>

#include "tests/platform/secret.h"

/* The app that every authorization makes sure of. */
#define ORG_CLI_APP "parallel-cli Users"

struct app {
    char id[UUID_LENGTH];
    char *name;
    struct app *next;
};

struct org {
    char *id;
    char *name;
    struct app *apps;
    struct org *next;
};

/* Adds an organization that is there from the start, and after a reset. */
void org_seed(const char *id, const char *name);

/* The organizations, oldest first; there is always one. */
struct org *org_first(void);

/* The organization with that id, or NULL. */
struct org *org_find(const char *id);

/*
 * The organization with that id (NULL: the first one), made when it is not
 * there; a name other than NULL becomes its name.
 */
struct org *org_ensure(const char *id, const char *name);

struct app *org_add_app(struct org *org, const char *name);

struct app *org_find_app(struct org *org, const char *app_id);

/* The app ORG_CLI_APP, made when it is not there. */
struct app *org_cli_app(struct org *org);

/* Deletes an app and its keys. */
void org_delete_app(struct org *org, struct app *app);

struct json_object *org_describe(void);

/* Back to the seeds. */
void org_reset(void);

#endif
