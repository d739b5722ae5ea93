#include "tests/platform/code.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/clock.h"
#include "tests/platform/config.h"
#include "tests/platform/count.h"
#include "tests/platform/memory.h"
#include "tests/platform/org.h"
#include "tests/platform/state.h"
#include "tests/platform/value.h"

#define SLOWER    5.0 /* seconds, RFC 8628, section 3.5 */
#define TOLERANCE 0.1

static struct code *codes; /* newest first */

/* Makes a user code that no other code has. */
static void
choose_user_code(char out[USER_CODE])
{
    do
        secret_user_code(out);
    while (code_by_user_code(out));
}

struct code *
code_new(const char *client_id, const char *scope, bool for_key,
         char device_code[SECRET_LENGTH])
{
    struct code *code = memory_new(sizeof(*code));

    choose_user_code(code->user_code);
    secret_make(device_code, "sdc_");
    secret_digest(code->digest, device_code);
    code->client_id = memory_copy(client_id);
    code->scope = memory_copy(scope);
    code->for_key = for_key;
    code->born = clock_date();
    code->ends = code->born + config()->code_lifetime;
    code->interval = config()->interval;
    code->answered = -1;
    code->next = codes;
    codes = code;
    state_changed();
    return code;
}

struct code *
code_by_device_code(const char *device_code)
{
    char digest[DIGEST_LENGTH];

    secret_digest(digest, device_code);
    for (struct code *i = codes; i; i = i->next)
        if (strcmp(i->digest, digest) == 0)
            return i;
    return NULL;
}

static struct code *
newest_pending(void)
{
    for (struct code *i = codes; i; i = i->next)
        if (code_state(i) == CODE_PENDING)
            return i;
    return NULL;
}

struct code *
code_by_user_code(const char *typed)
{
    char plain[USER_CODE] = "";
    size_t length = 0;

    if (strcmp(typed, "any") == 0)
        return newest_pending();
    for (; *typed; typed++) {
        if (*typed == '-' || isspace((unsigned char)*typed))
            continue;
        if (length == USER_CODE - 1)
            return NULL;
        if (length == 4)
            plain[length++] = '-';
        plain[length++] = (char)toupper((unsigned char)*typed);
    }
    if (length != USER_CODE - 1)
        return NULL;
    for (struct code *i = codes; i; i = i->next)
        if (memcmp(i->user_code, plain, USER_CODE - 1) == 0)
            return i;
    return NULL;
}

enum code_state
code_state(struct code *code)
{
    double now = clock_date();
    double wait = config()->approve_after;

    if (code->state == CODE_PENDING && wait >= 0 && now >= code->born + wait &&
        code->born + wait < code->ends) {
        code->state = CODE_APPROVED;
        code->org_id = memory_copy(org_first()->id);
    }
    if (code->state != CODE_USED && now >= code->ends)
        return CODE_EXPIRED;
    return code->state;
}

const char *
code_state_name(enum code_state state)
{
    static const char *const names[] = {
        [CODE_PENDING] = "pending", [CODE_APPROVED] = "approved",
        [CODE_DENIED] = "denied",   [CODE_EXPIRED] = "expired",
        [CODE_USED] = "used",
    };

    return names[state];
}

bool
code_approve(struct code *code, const char *org_id)
{
    if (code_state(code) != CODE_PENDING)
        return false;
    code->state = CODE_APPROVED;
    code->org_id = memory_copy(org_id);
    state_changed();
    return true;
}

bool
code_deny(struct code *code)
{
    if (code_state(code) != CODE_PENDING)
        return false;
    code->state = CODE_DENIED;
    state_changed();
    return true;
}

void
code_expire(struct code *code)
{
    code->ends = clock_date();
    state_changed();
}

/* Whether this poll comes too soon; notes that there was one. */
static bool
is_too_fast(struct code *code)
{
    double now = clock_date();
    double slack =
        code->interval / 2 < TOLERANCE ? code->interval / 2 : TOLERANCE;
    bool fast =
        code->answered >= 0 && now - code->answered < code->interval - slack;

    if (fast) {
        code->interval += SLOWER;
        count_fast_poll();
    }
    code->answered = now;
    return fast;
}

enum code_poll
code_poll(struct code *code)
{
    enum code_state state = code_state(code);

    code->polls++;
    if (state == CODE_USED)
        return CODE_POLL_INVALID;
    if (state == CODE_EXPIRED)
        return CODE_POLL_EXPIRED;
    if (is_too_fast(code))
        return CODE_POLL_SLOW_DOWN;
    if (state == CODE_PENDING)
        return CODE_POLL_PENDING;
    if (state == CODE_DENIED)
        return CODE_POLL_DENIED;
    code->state = CODE_USED;
    return CODE_POLL_GRANTED;
}

struct json_object *
code_describe(void)
{
    struct json_object *out = json_object_new_array();

    for (struct code *i = codes; i; i = i->next) {
        struct json_object *one = json_object_new_object();
        enum code_state state = code_state(i);
        value_add(one, "user_code", value_text(i->user_code));
        value_add(one, "client_id", value_text(i->client_id));
        value_add(one, "scope", value_text(i->scope));
        value_add(one, "state", value_text(code_state_name(state)));
        value_add(one, "org_id", value_text(i->org_id));
        value_add(one, "polls", value_number((double)i->polls));
        value_add(one, "interval", value_number(i->interval));
        value_add(one, "expires_in", value_left(i->ends - clock_date()));
        json_object_array_add(out, one);
    }
    return out;
}

void
code_reset(void)
{
    while (codes) {
        struct code *gone = codes;
        codes = gone->next;
        free(gone->client_id);
        free(gone->scope);
        free(gone->org_id);
        free(gone);
    }
}
