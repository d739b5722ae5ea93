#include "tests/platform/trouble.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/memory.h"
#include "tests/platform/state.h"
#include "tests/platform/value.h"

static struct trouble *queue;

static const char *const kinds[] = {
    [TROUBLE_DELAY] = "delay",         [TROUBLE_DRIP] = "drip",
    [TROUBLE_EMPTY] = "empty",         [TROUBLE_ERROR] = "error",
    [TROUBLE_GARBAGE] = "garbage",     [TROUBLE_GATE] = "gate",
    [TROUBLE_HANG] = "hang",           [TROUBLE_HTML] = "html",
    [TROUBLE_HUGE] = "huge",           [TROUBLE_NULL] = "null",
    [TROUBLE_RESET] = "reset",         [TROUBLE_RESET_AFTER] = "reset-after",
    [TROUBLE_RESET_MID] = "reset-mid", [TROUBLE_STATUS] = "status",
    [TROUBLE_TRUNCATE] = "truncate",
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct {
    const char *name;
    size_t at;
} texts[] = {
    {"body", offsetof(struct trouble, body)},
    {"content_type", offsetof(struct trouble, content_type)},
    {"description", offsetof(struct trouble, description)},
    {"endpoint", offsetof(struct trouble, endpoint)},
    {"error", offsetof(struct trouble, error)},
    {"location", offsetof(struct trouble, location)},
    {"retry_after", offsetof(struct trouble, retry_after)},
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static char **
text_of(struct trouble *trouble, size_t which)
{
    return (char **)(void *)((char *)trouble + texts[which].at);
}

static void
drop(struct trouble *trouble)
{
    while (trouble && --trouble->users == 0) {
        struct trouble *then = trouble->then;
        for (size_t i = 0; i < TEXTS; i++)
            free(*text_of(trouble, i));
        free(trouble);
        trouble = then;
    }
}

static bool
set_kind(struct trouble *trouble, struct json_object *value)
{
    const char *name = json_object_get_string(value);

    for (size_t i = 0; name && i < KINDS; i++)
        if (strcmp(name, kinds[i]) == 0) {
            trouble->kind = (enum trouble_kind)i;
            return true;
        }
    return false;
}

static bool
set_number(struct trouble *trouble, const char *name,
           struct json_object *value)
{
    double number = json_object_get_double(value);

    if (!json_object_is_type(value, json_type_int) &&
        !json_object_is_type(value, json_type_double))
        return false;
    if (strcmp(name, "times") == 0)
        trouble->times = (long)number;
    else if (strcmp(name, "after") == 0)
        trouble->after = (long)number;
    else if (strcmp(name, "status") == 0 && number >= 200 && number < 1000)
        trouble->status = (unsigned)number;
    else if (strcmp(name, "ms") == 0 && number >= 0)
        trouble->ms = number;
    else if (strcmp(name, "bytes") == 0 && number >= 0)
        trouble->bytes = number;
    else
        return false;
    return true;
}

static char *read_one(struct json_object *in, struct trouble **out);

/* One member of the body; returns NULL or what is wrong. */
static char *
set(struct trouble *trouble, const char *name, struct json_object *value)
{
    if (strcmp(name, "then") == 0)
        return trouble->then ? memory_copy("then: given twice")
                             : read_one(value, &trouble->then);
    if (strcmp(name, "kind") == 0)
        return set_kind(trouble, value) ? NULL : memory_copy("unknown kind");
    for (size_t i = 0; i < TEXTS; i++)
        if (strcmp(name, texts[i].name) == 0) {
            free(*text_of(trouble, i));
            *text_of(trouble, i) = memory_copy(json_object_get_string(value));
            return NULL;
        }
    if (!set_number(trouble, name, value))
        return memory_format("unknown or bad member: %s", name);
    return NULL;
}

/* All members of the body; returns NULL or what is wrong. */
static char *
set_all(struct trouble *trouble, struct json_object *in)
{
    if (!json_object_is_type(in, json_type_object) ||
        !json_object_object_get_ex(in, "kind", NULL))
        return memory_copy("a trouble wants a kind");
    json_object_object_foreach(in, name, value)
    {
        char *wrong = set(trouble, name, value);
        if (wrong)
            return wrong;
    }
    if (!trouble->endpoint)
        trouble->endpoint = memory_copy("any");
    if (!endpoint_is_pattern(trouble->endpoint))
        return memory_format("unknown endpoint: %s", trouble->endpoint);
    return NULL;
}

static char *
read_one(struct json_object *in, struct trouble **out)
{
    struct trouble *trouble = memory_new(sizeof(*trouble));
    char *wrong;

    trouble->users = 1;
    trouble->times = 1;
    trouble->ms = 100;
    trouble->bytes = 16 << 20;
    wrong = set_all(trouble, in);
    if (wrong)
        drop(trouble);
    else
        *out = trouble;
    return wrong;
}

char *
trouble_queue(struct json_object *in)
{
    struct trouble **end = &queue;

    while (*end)
        end = &(*end)->next;
    return read_one(in, end);
}

/* Takes at, a place in the queue, out of it. */
static void
unlink_at(struct trouble **at)
{
    struct trouble *gone = *at;

    *at = gone->next;
    gone->next = NULL;
    drop(gone);
}

struct trouble *
trouble_take(enum endpoint endpoint)
{
    struct trouble *found = NULL;
    struct trouble **at = &queue;

    while (*at) {
        struct trouble *i = *at;
        if (endpoint_matches(endpoint, i->endpoint)) {
            if (i->after > 0) {
                i->after--;
            } else if (!found) {
                found = i;
                found->users++;
                if (i->times > 0 && --i->times == 0) {
                    unlink_at(at);
                    continue;
                }
            }
        }
        at = &i->next;
    }
    return found;
}

void
trouble_release(struct trouble *trouble)
{
    if (!trouble)
        return;
    state_lock();
    drop(trouble);
    state_unlock();
}

void
trouble_clear(void)
{
    while (queue)
        unlink_at(&queue);
}

void
trouble_clear_gates(void)
{
    struct trouble **at = &queue;

    while (*at) {
        if ((*at)->kind == TROUBLE_GATE)
            unlink_at(at);
        else
            at = &(*at)->next;
    }
}

struct json_object *
trouble_describe(void)
{
    struct json_object *out = json_object_new_array();

    for (const struct trouble *i = queue; i; i = i->next) {
        struct json_object *one = json_object_new_object();
        value_add(one, "endpoint", value_text(i->endpoint));
        value_add(one, "kind", value_text(kinds[i->kind]));
        value_add(one, "times", value_number((double)i->times));
        value_add(one, "after", value_number((double)i->after));
        json_object_array_add(out, one);
    }
    return out;
}
