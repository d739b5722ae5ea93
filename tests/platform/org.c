#include "tests/platform/org.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/key.h"
#include "tests/platform/memory.h"
#include "tests/platform/value.h"

#define SEEDS 16

static struct org *orgs;
static struct {
    const char *id;
    const char *name;
} seeds[SEEDS];
static size_t seed_count;

static struct org *
add(const char *id, const char *name)
{
    struct org **end = &orgs;

    while (*end)
        end = &(*end)->next;
    *end = memory_new(sizeof(**end));
    (*end)->id = memory_copy(id);
    (*end)->name = memory_copy(name);
    return *end;
}

void
org_seed(const char *id, const char *name)
{
    if (seed_count < SEEDS) {
        seeds[seed_count].id = id;
        seeds[seed_count++].name = name;
    }
}

struct org *
org_first(void)
{
    if (orgs)
        return orgs;
    if (seed_count == 0)
        org_seed("org_sandbox", "Sandbox Organization");
    for (size_t i = 0; i < seed_count; i++)
        add(seeds[i].id, seeds[i].name);
    return orgs;
}

struct org *
org_find(const char *id)
{
    for (struct org *i = org_first(); i; i = i->next)
        if (strcmp(i->id, id) == 0)
            return i;
    return NULL;
}

struct org *
org_ensure(const char *id, const char *name)
{
    struct org *org = id ? org_find(id) : org_first();

    if (!org)
        return add(id, name ? name : id);
    if (name) {
        free(org->name);
        org->name = memory_copy(name);
    }
    return org;
}

struct app *
org_add_app(struct org *org, const char *name)
{
    struct app **end = &org->apps;

    while (*end)
        end = &(*end)->next;
    *end = memory_new(sizeof(**end));
    secret_uuid((*end)->id);
    (*end)->name = memory_copy(name);
    return *end;
}

struct app *
org_find_app(struct org *org, const char *app_id)
{
    for (struct app *i = org->apps; i; i = i->next)
        if (strcmp(i->id, app_id) == 0)
            return i;
    return NULL;
}

struct app *
org_cli_app(struct org *org)
{
    for (struct app *i = org->apps; i; i = i->next)
        if (strcmp(i->name, ORG_CLI_APP) == 0)
            return i;
    return org_add_app(org, ORG_CLI_APP);
}

static void
free_app(struct app *app)
{
    free(app->name);
    free(app);
}

void
org_delete_app(struct org *org, struct app *app)
{
    key_kill_app(app->id);
    for (struct app **i = &org->apps; *i; i = &(*i)->next)
        if (*i == app) {
            *i = app->next;
            break;
        }
    free_app(app);
}

struct json_object *
org_describe(void)
{
    struct json_object *out = json_object_new_array();

    for (const struct org *i = org_first(); i; i = i->next) {
        struct json_object *one = json_object_new_object();
        value_add(one, "org_id", value_text(i->id));
        value_add(one, "org_name", value_text(i->name));
        json_object_array_add(out, one);
    }
    return out;
}

void
org_reset(void)
{
    while (orgs) {
        struct org *gone = orgs;
        orgs = gone->next;
        while (gone->apps) {
            struct app *app = gone->apps;
            gone->apps = app->next;
            free_app(app);
        }
        free(gone->id);
        free(gone->name);
        free(gone);
    }
}
