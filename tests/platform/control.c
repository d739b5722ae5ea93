#include "tests/platform/control.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/application.h"
#include "tests/platform/client.h"
#include "tests/platform/clock.h"
#include "tests/platform/code.h"
#include "tests/platform/config.h"
#include "tests/platform/consent.h"
#include "tests/platform/count.h"
#include "tests/platform/gate.h"
#include "tests/platform/key.h"
#include "tests/platform/log.h"
#include "tests/platform/memory.h"
#include "tests/platform/org.h"
#include "tests/platform/pick.h"
#include "tests/platform/reply.h"
#include "tests/platform/state.h"
#include "tests/platform/token.h"
#include "tests/platform/trouble.h"
#include "tests/platform/value.h"

/* A call: in is its JSON body ({} when there is none), the lock is held. */
typedef void call(const struct request *request, struct json_object *in,
                  struct reply *reply);

static void
fail(struct reply *reply, unsigned status, const char *text)
{
    struct json_object *out = json_object_new_object();

    value_add(out, "error", value_text(text));
    reply_json(reply, status, out);
}

static void
done(struct reply *reply)
{
    reply_json(reply, 200, json_object_new_object());
}

/* Answers with what is wrong (to be freed), or with {} for NULL. */
static void
finish(struct reply *reply, char *wrong)
{
    if (wrong)
        fail(reply, 400, wrong);
    else
        done(reply);
    free(wrong);
}

/* A number among the query arguments. */
static double
query_number(const struct request *request, const char *name, double missing)
{
    const char *text = request_query(request, name);

    return text ? strtod(text, NULL) : missing;
}

/* The code that `user_code` names, waited for `wait_ms` at most; not the code
 * `but`. */
static struct code *
named_code(struct json_object *in, struct reply *reply)
{
    const char *user_code = value_get_text(in, "user_code");
    const char *but = value_get_text(in, "but");
    struct code *code = NULL;
    double wait = 0;
    double end;

    if (!user_code || !value_get_number(in, "wait_ms", &wait)) {
        fail(reply, 400, "user_code (text) is wanted, wait_ms is a number");
        return NULL;
    }
    end = clock_now() + wait / 1000;
    for (;;) {
        code = code_by_user_code(user_code);
        if (code && but && strcmp(code->user_code, but) == 0)
            code = NULL;
        if (code || !state_wait(end))
            break;
    }
    if (!code)
        fail(reply, 404, "unknown user_code");
    return code;
}

static void
tell_code(struct code *code, bool changed, struct reply *reply)
{
    struct json_object *out = json_object_new_object();
    const struct org *org = code->org_id ? org_find(code->org_id) : NULL;

    if (!changed)
        value_add(out, "error", value_text("the code does not wait"));
    value_add(out, "user_code", value_text(code->user_code));
    value_add(out, "state", value_text(code_state_name(code_state(code))));
    value_add(out, "client_id", value_text(code->client_id));
    value_add(out, "scope", value_text(code->scope));
    value_add(out, "org_id", value_text(code->org_id));
    value_add(out, "org_name", value_text(org ? org->name : NULL));
    reply_json(reply, changed ? 200 : 409, out);
}

/* Reads `key`: a new one of org, or the id of one; false if there is none. */
static bool
named_key(struct json_object *in, const struct org *org, struct pick *out)
{
    bool good = pick_read(out, value_get_text(in, "key"));

    if (good && !out->org)
        out->org = org;
    return good;
}

static void
approve(const struct request *request, struct json_object *in,
        struct reply *reply)
{
    struct code *code = named_code(in, reply);
    const struct org *org;
    struct pick pick;
    bool changed;

    (void)request;
    if (!code)
        return;
    org = org_ensure(value_get_text(in, "org_id"),
                     value_get_text(in, "org_name"));
    if (!named_key(in, org, &pick)) {
        fail(reply, 404, "unknown key");
        return;
    }
    changed = code_approve(code, org->id);
    if (changed)
        code->pick = pick;
    tell_code(code, changed, reply);
}

static void
deny(const struct request *request, struct json_object *in,
     struct reply *reply)
{
    struct code *code = named_code(in, reply);

    (void)request;
    if (code)
        tell_code(code, code_deny(code), reply);
}

static void
expire(const struct request *request, struct json_object *in,
       struct reply *reply)
{
    struct code *code = named_code(in, reply);

    (void)request;
    if (!code)
        return;
    code_expire(code);
    tell_code(code, true, reply);
}

/* The pending consent of that `state`, waited for `wait_ms` at most. */
static struct consent *
named_consent(struct json_object *in, struct reply *reply)
{
    const char *state = value_get_text(in, "state");
    struct consent *consent = NULL;
    double wait = 0;
    double end;

    if (!state || !value_get_number(in, "wait_ms", &wait)) {
        fail(reply, 400, "state (text) is wanted, wait_ms is a number");
        return NULL;
    }
    end = clock_now() + wait / 1000;
    while (!(consent = consent_by_state(state)) && state_wait(end))
        continue;
    if (!consent)
        fail(reply, 404, "nothing pending has this state");
    return consent;
}

static void
tell_consent(const struct consent *consent, char *address, struct reply *reply)
{
    struct json_object *out = json_object_new_object();

    value_add(out, "client_id", value_text(consent->client_id));
    value_add(out, "redirect_uri", value_text(consent->redirect_uri));
    value_add(out, "state", value_text(consent->state));
    value_add(out, "status",
              value_text(consent_status_name(consent_status(consent))));
    value_add(out, "location", value_text(address));
    reply_json(reply, 200, out);
    free(address);
}

static void
decide_consent(const struct request *request, struct json_object *in,
               struct reply *reply)
{
    const char *decision = value_get_text(in, "decision");
    struct consent *consent = named_consent(in, reply);
    struct pick pick;

    (void)request;
    if (!consent)
        return;
    if (decision && strcmp(decision, "refuse") == 0)
        tell_consent(consent, consent_deny(consent), reply);
    else if (decision && strcmp(decision, "approve") != 0)
        fail(reply, 400, "decision is approve or refuse");
    else if (!named_key(in, org_ensure(value_get_text(in, "org_id"), NULL),
                        &pick))
        fail(reply, 404, "unknown key");
    else
        tell_consent(consent, consent_approve(consent, &pick), reply);
}

static void
change_config(const struct request *request, struct json_object *in,
              struct reply *reply)
{
    char *wrong = config_change(in);

    (void)request;
    if (wrong)
        fail(reply, 400, wrong);
    else
        reply_json(reply, 200, config_describe());
    free(wrong);
    state_changed();
}

static void
trouble(const struct request *request, struct json_object *in,
        struct reply *reply)
{
    (void)request;
    if (json_object_object_get_ex(in, "clear", NULL)) {
        trouble_clear();
        done(reply);
        return;
    }
    finish(reply, trouble_queue(in));
}

static void
open_gate(const struct request *request, struct json_object *in,
          struct reply *reply)
{
    struct json_object *out = json_object_new_object();
    struct json_object *stay = NULL;

    (void)request;
    if (json_object_object_get_ex(in, "stay_open", &stay) &&
        json_object_get_boolean(stay))
        trouble_clear_gates();
    value_add(out, "released", value_number(gate_open()));
    reply_json(reply, 200, out);
}

static void
wait_gate(const struct request *request, struct json_object *in,
          struct reply *reply)
{
    double count = query_number(request, "count", 1);
    double end = clock_now() + query_number(request, "ms", 5000) / 1000;
    struct json_object *out;

    (void)in;
    while (gate_standing() < count && state_wait(end))
        continue;
    out = json_object_new_object();
    value_add(out, "standing", value_number(gate_standing()));
    reply_json(reply, gate_standing() < count ? 408 : 200, out);
}

static void
show_state(const struct request *request, struct json_object *in,
           struct reply *reply)
{
    (void)request;
    (void)in;
    reply_json(reply, 200, state_describe());
}

static void
wait_counter(const struct request *request, struct json_object *in,
             struct reply *reply)
{
    const char *name = request_query(request, "counter");
    double wanted = query_number(request, "at_least", 1);
    double end = clock_now() + query_number(request, "ms", 5000) / 1000;
    unsigned long count;

    (void)in;
    if (!name || !count_get(name, &count)) {
        fail(reply, 400, "unknown counter");
        return;
    }
    while (count_get(name, &count) && (double)count < wanted &&
           state_wait(end))
        continue;
    reply_json(reply, (double)count < wanted ? 408 : 200, state_describe());
}

static void
check(const struct request *request, struct json_object *in,
      struct reply *reply)
{
    const char *access = value_get_text(in, "access_token");
    const char *refresh = value_get_text(in, "refresh_token");
    const char *api_key = value_get_text(in, "api_key");
    const struct family *family = NULL;
    const struct key *key = NULL;
    struct json_object *out = json_object_new_object();

    (void)request;
    if (access)
        family = token_check_access(PORT_PLATFORM, access);
    if (access && !family)
        family = token_check_access(PORT_SECOND, access);
    if (!access && refresh)
        family = token_check_refresh(refresh);
    if (!access && !refresh && api_key)
        key = key_check(api_key);
    value_add(out, "valid", json_object_new_boolean(family || key));
    value_add(out, "family", family ? value_number(family->number) : NULL);
    if (key) {
        value_add(out, "api_key_id", value_text(key->id));
        value_add(out, "org_id", value_text(key->org_id));
    }
    reply_json(reply, access || refresh || api_key ? 200 : 400, out);
}

static void
revoke_family(const struct request *request, struct json_object *in,
              struct reply *reply)
{
    double number = 0;

    (void)request;
    if (!value_get_number(in, "family", &number) || number < 1 ||
        number > 1e9 || !token_revoke_family((unsigned)number))
        fail(reply, 404, "unknown family");
    else
        done(reply);
}

static void
forget_clients(const struct request *request, struct json_object *in,
               struct reply *reply)
{
    (void)request;
    (void)in;
    client_reset();
    application_reset();
    done(reply);
}

static void
make_key(const struct request *request, struct json_object *in,
         struct reply *reply)
{
    struct org *org = org_ensure(value_get_text(in, "org_id"), NULL);
    const char *name = value_get_text(in, "api_key_name");
    struct json_object *out = json_object_new_object();
    char raw[SECRET_LENGTH];
    const struct key *key =
        key_new(org, org_cli_app(org), name ? name : "pre-made", raw);

    (void)request;
    value_add(out, "api_key", value_text(raw));
    value_add(out, "api_key_id", value_text(key->id));
    value_add(out, "org_id", value_text(org->id));
    reply_json(reply, 200, out);
}

static void
reset(const struct request *request, struct json_object *in,
      struct reply *reply)
{
    (void)request;
    (void)in;
    state_reset();
    done(reply);
}

static void
put_clock(const struct request *request, struct json_object *in,
          struct reply *reply)
{
    double seconds = 0;

    (void)request;
    if (!value_get_number(in, "forward", &seconds) || seconds <= 0) {
        fail(reply, 400, "forward (seconds) is wanted");
        return;
    }
    clock_forward(seconds);
    state_changed();
    done(reply);
}

static void
show_log(const struct request *request, struct json_object *in,
         struct reply *reply)
{
    (void)request;
    (void)in;
    reply_json(reply, 200, log_describe());
}

static const struct {
    const char *method;
    const char *path;
    call *call;
} calls[] = {
    {"GET", "/gate/wait", wait_gate},
    {"GET", "/log", show_log},
    {"GET", "/state", show_state},
    {"GET", "/wait", wait_counter},
    {"POST", "/approve", approve},
    {"POST", "/check", check},
    {"POST", "/clock", put_clock},
    {"POST", "/config", change_config},
    {"POST", "/consent", decide_consent},
    {"POST", "/deny", deny},
    {"POST", "/expire", expire},
    {"POST", "/forget-clients", forget_clients},
    {"POST", "/gate/open", open_gate},
    {"POST", "/key", make_key},
    {"POST", "/reset", reset},
    {"POST", "/revoke", revoke_family},
    {"POST", "/trouble", trouble},
};

static call *
find(const struct request *request)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(calls[i].method, request->method) == 0 &&
            strcmp(calls[i].path, request->path) == 0)
            return calls[i].call;
    return NULL;
}

enum MHD_Result
control_serve(const struct request *request)
{
    struct reply reply = {0};
    call *found = find(request);
    struct json_object *in = request->length > 0
                                 ? value_parse(request->body, request->length)
                                 : json_object_new_object();
    enum MHD_Result result;

    if (!found)
        fail(&reply, 404, "unknown call");
    else if (!in || request->too_long)
        fail(&reply, 400, "the body is no JSON object");
    state_lock();
    if (!reply.status)
        found(request, in, &reply);
    json_object_put(in);
    state_unlock();
    result = reply_send(&reply, request);
    reply_release(&reply);
    return result;
}
