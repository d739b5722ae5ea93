#include "tests/platform/count.h"

#include <string.h>

#include "tests/platform/state.h"
#include "tests/platform/value.h"

static unsigned long requests[ENDPOINTS];
static unsigned long fast_polls;
static unsigned long most_tokens;
static unsigned long tokens; /* now; survives a reset: they still leave */

void
count_request(enum endpoint endpoint)
{
    requests[endpoint]++;
    state_changed();
}

void
count_fast_poll(void)
{
    fast_polls++;
    state_changed();
}

void
count_token_enter(void)
{
    tokens++;
    if (tokens > most_tokens)
        most_tokens = tokens;
}

void
count_token_leave(void)
{
    tokens--;
}

bool
count_get(const char *name, unsigned long *out)
{
    *out = 0;
    if (strcmp(name, "polls_too_fast") == 0) {
        *out = fast_polls;
        return true;
    }
    if (strcmp(name, "max_concurrent_token") == 0) {
        *out = most_tokens;
        return true;
    }
    for (int i = 0; i < ENDPOINTS; i++) {
        if (strcmp(name, "token") == 0 && endpoint_is_token((enum endpoint)i))
            *out += requests[i];
        if (strcmp(name, endpoint_name((enum endpoint)i)) == 0) {
            *out = requests[i];
            return true;
        }
    }
    return strcmp(name, "token") == 0;
}

void
count_describe(struct json_object *out)
{
    struct json_object *counts = json_object_new_object();

    for (int i = 0; i < ENDPOINTS; i++)
        value_add(counts, endpoint_name((enum endpoint)i),
                  value_number((double)requests[i]));
    value_add(out, "requests", counts);
    value_add(out, "polls_too_fast", value_number((double)fast_polls));
    value_add(out, "max_concurrent_token", value_number((double)most_tokens));
}

void
count_reset(void)
{
    memset(requests, 0, sizeof(requests));
    fast_polls = 0;
    most_tokens = 0;
}
