#include "tests/platform/account.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/platform/config.h"
#include "tests/platform/key.h"
#include "tests/platform/memory.h"
#include "tests/platform/org.h"
#include "tests/platform/scope.h"
#include "tests/platform/token.h"
#include "tests/platform/value.h"

#define REALM "Bearer realm=\"account\""

static void
unauthorized(struct reply *reply, const char *challenge, const char *text)
{
    reply_detail(reply, 401, text);
    reply_header(reply, "WWW-Authenticate", challenge);
}

static void
forbidden(struct reply *reply, const char *scope)
{
    struct json_object *out = json_object_new_object();
    char *challenge = memory_format(
        REALM ", error=\"insufficient_scope\", scope=\"%s\"", scope);

    value_add(out, "error", value_text("insufficient_scope"));
    value_add(out, "detail", value_text("The token lacks a scope"));
    value_add(out, "scope", value_text(scope));
    reply_json(reply, 403, out);
    reply_header(reply, "WWW-Authenticate", challenge);
    free(challenge);
}

/* The organization the request may act for; NULL, and answered, if none. */
static struct org *
authorize(const struct request *request, const char *scope,
          struct reply *reply)
{
    const char *token = request_bearer(request);
    const struct family *family;

    if (!token) {
        unauthorized(reply, REALM, "Not authenticated");
        return NULL;
    }
    family = token_check_access(PORT_PLATFORM, token);
    if (!family) {
        unauthorized(reply, REALM ", error=\"invalid_token\"",
                     key_check(token) ? "An API key is not accepted here"
                                      : "Invalid or expired access token");
        return NULL;
    }
    if (!scope_has(family->scope, scope)) {
        forbidden(reply, scope);
        return NULL;
    }
    return org_ensure(family->org_id, NULL);
}

/* The JSON object of the body; NULL, and answered, when there is none. */
static struct json_object *
body(const struct request *request, struct reply *reply)
{
    struct json_object *in = NULL;

    if (request_has_type(request, "application/json"))
        in = value_parse(request->body, request->length);
    if (!in)
        reply_invalid(reply, "body", NULL, "Input should be a valid object",
                      "json_invalid");
    return in;
}

/* A string of low to high bytes; NULL, and answered, if it is none. */
static const char *
text(struct json_object *in, const char *name, int low, int high,
     struct reply *reply)
{
    struct json_object *value = NULL;
    int length;

    if (!json_object_object_get_ex(in, name, &value)) {
        reply_invalid(reply, "body", name, "Field required", "missing");
        return NULL;
    }
    if (!json_object_is_type(value, json_type_string)) {
        reply_invalid(reply, "body", name, "Input should be a valid string",
                      "string_type");
        return NULL;
    }
    length = json_object_get_string_len(value);
    if (length < low || length > high) {
        reply_invalid(reply, "body", name,
                      length < low ? "String is too short"
                                   : "String is too long",
                      length < low ? "string_too_short" : "string_too_long");
        return NULL;
    }
    return json_object_get_string(value);
}

/* Whether an id of the path is a UUID; answers if not. */
static bool
is_uuid(const char *id, const char *name, struct reply *reply)
{
    bool good = strlen(id) == UUID_LENGTH - 1;

    for (int i = 0; good && i < UUID_LENGTH - 1; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        good = hyphen ? id[i] == '-' : isxdigit((unsigned char)id[i]);
    }
    if (!good)
        reply_invalid(reply, "path", name, "Input should be a valid UUID",
                      "uuid_parsing");
    return good;
}

/* The app of the path; NULL, and answered, if there is no such. */
static struct app *
app_of(const struct request *request, struct org *org, struct reply *reply)
{
    struct app *app;

    if (!is_uuid(request->capture[0], "app_id", reply))
        return NULL;
    app = org_find_app(org, request->capture[0]);
    if (!app)
        reply_detail(reply, 404, "App not found");
    return app;
}

static void
answer(struct reply *reply, struct json_object *out, const char *kind)
{
    config_dress(out, kind);
    reply_json(reply, 200, out);
}

void
account_list_apps(const struct request *request, struct reply *reply)
{
    struct org *org = authorize(request, "apps:read", reply);
    struct json_object *list = NULL;
    struct json_object *out;

    if (!org)
        return;
    if (org->apps)
        list = json_object_new_array();
    for (const struct app *i = org->apps; i; i = i->next) {
        struct json_object *one = json_object_new_object();
        value_add(one, "app_id", value_text(i->id));
        value_add(one, "app_name", value_text(i->name));
        value_add(one, "org_id", value_text(org->id));
        value_add(one, "org_name", value_text(org->name));
        json_object_array_add(list, one);
    }
    out = json_object_new_object();
    value_add(out, "apps", list);
    answer(reply, out, "apps");
}

void
account_create_app(const struct request *request, struct reply *reply)
{
    struct org *org = authorize(request, "apps:create", reply);
    struct json_object *in = org ? body(request, reply) : NULL;
    const char *name = in ? text(in, "app_name", 1, 255, reply) : NULL;

    if (name) {
        struct json_object *out = json_object_new_object();
        value_add(out, "app_id", value_text(org_add_app(org, name)->id));
        answer(reply, out, "app");
    }
    json_object_put(in);
}

void
account_delete_app(const struct request *request, struct reply *reply)
{
    struct org *org = authorize(request, "apps:delete", reply);
    struct app *app = org ? app_of(request, org, reply) : NULL;

    if (!app)
        return;
    org_delete_app(org, app);
    reply_json(reply, 200, json_object_new_object());
}

/* What is shown of a key: enough to know it by, too little to use it. */
static struct json_object *
display_value(const char *raw)
{
    char shown[16];

    snprintf(shown, sizeof(shown), "%.4s...%s", raw, raw + strlen(raw) - 4);
    return value_text(shown);
}

static struct json_object *
now_text(void)
{
    char out[32];
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return value_text(out);
}

void
account_create_key(const struct request *request, struct reply *reply)
{
    struct org *org = authorize(request, "keys:create", reply);
    struct app *app = org ? app_of(request, org, reply) : NULL;
    struct json_object *in = app ? body(request, reply) : NULL;
    const char *name = in ? text(in, "api_key_name", 1, 255, reply) : NULL;

    if (name) {
        char raw[SECRET_LENGTH];
        const struct key *key = key_new(org, app, name, raw);
        struct json_object *out = json_object_new_object();
        value_add(out, "api_key_id", value_text(key->id));
        value_add(out, "api_key_name", value_text(key->name));
        value_add(out, "app_id", value_text(app->id));
        value_add(out, "app_name", value_text(app->name));
        value_add(out, "created_by_user_id", value_text("user_sandbox"));
        value_add(out, "created_by_user_email",
                  value_text("person@sandbox.invalid"));
        value_add(out, "display_value", display_value(raw));
        value_add(out, "created_at", now_text());
        value_add(out, "raw_api_key", value_text(raw));
        answer(reply, out, "key");
    }
    json_object_put(in);
}

void
account_delete_key(const struct request *request, struct reply *reply)
{
    struct org *org = authorize(request, "keys:delete", reply);
    struct app *app = org ? app_of(request, org, reply) : NULL;

    if (!app || !is_uuid(request->capture[1], "api_key_id", reply))
        return;
    if (key_kill(app->id, request->capture[1]))
        reply_json(reply, 200, json_object_new_object());
    else
        reply_detail(reply, 404, "API key not found");
}

void
account_balance(const struct request *request, struct reply *reply)
{
    struct org *org = authorize(request, "balance:read", reply);
    struct json_object *out;

    if (!org)
        return;
    out = json_object_new_object();
    value_add(out, "org_id", value_text(org->id));
    value_add(out, "credit_balance_cents", value_number(2512.5));
    value_add(out, "pending_debit_balance_cents", value_number(0));
    value_add(out, "will_invoice", json_object_new_boolean(false));
    answer(reply, out, "balance");
}

void
account_add_balance(const struct request *request, struct reply *reply)
{
    struct org *org = authorize(request, "balance:add", reply);
    struct json_object *in = org ? body(request, reply) : NULL;
    struct json_object *value = NULL;
    int64_t amount = 0;

    if (!in)
        return;
    if (json_object_object_get_ex(in, "amount_cents", &value) &&
        json_object_is_type(value, json_type_int))
        amount = json_object_get_int64(value);
    if (amount < 1 || amount > 10000)
        reply_invalid(reply, "body", "amount_cents",
                      "Input should be an integer from 1 to 10000",
                      "int_range");
    else if (text(in, "idempotency_key", 8, 128, reply))
        reply_detail(reply, 402, "No card is charged by the sandbox");
    json_object_put(in);
}
