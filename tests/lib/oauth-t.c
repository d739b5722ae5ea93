#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/oauth/device.h"
#include "lib/oauth/form.h"
#include "lib/oauth/provider.h"
#include "lib/oauth/refresh.h"
#include "lib/oauth/register.h"
#include "lib/oauth/revoke.h"
#include "tests/lib/server.h"

/* An answer with a JSON body; the server's closing ends it. */
#define JSON(status, body)                                                    \
    "HTTP/1.1 " status " X\r\nContent-Type: application/json\r\n\r\n" body
#define HTML(status)                                                          \
    "HTTP/1.1 " status                                                        \
    " X\r\nContent-Type: text/html\r\n\r\n \n<!doctype html><p>Sign in"

static const struct http_options patient = {.connect_timeout_ms = 20000,
                                            .timeout_ms = 20000};
static const struct http_options hasty = {.connect_timeout_ms = 20000,
                                          .timeout_ms = 300};

static const char grant[] =
    "{\"access_token\":\"at\",\"refresh_token\":\"rt2\","
    "\"token_type\":\"Bearer\",\"expires_in\":600}";

/* One server and the provider at it, for one question. */
struct room {
    struct server_step step;
    struct server server;
    struct provider provider;
    struct error err;
};

static void
room_open(struct room *room, enum server_action action, const char *text)
{
    room->step = (struct server_step){action, text};
    room->err = (struct error)ERROR_INIT;
    server_start(&room->server, &room->step, 1);
    assert_int_equal(provider_init_parallel(&room->provider, room->server.base,
                                            room->server.base,
                                            room->server.base, "", NULL),
                     0);
}

static void
room_close(struct room *room)
{
    server_stop(&room->server);
    provider_release(&room->provider);
}

/* What was asked, from its first line on; and its body. */
static const char *
room_asked(const struct room *room)
{
    return room->server.request[0];
}

static const char *
room_body(const struct room *room)
{
    const char *end = strstr(room_asked(room), "\r\n\r\n");

    return end ? end + 4 : "";
}

static void
assert_starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("\"%.200s\" does not start with \"%s\"", text, start);
}

static void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%.400s\" lacks \"%s\"", text, part);
}

static void
assert_error(const struct error *err, enum failure failure, const char *id,
             const char *part)
{
    assert_string_equal(err->id, id);
    assert_int_equal(err->failure, failure);
    assert_has(err->text, part);
    for (const char *c = err->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            fail_msg("a control character in \"%s\"", err->text);
}

/* The outcome of one refresh. */
struct outcome {
    struct room room;
    struct token token;
    struct refresh_trouble trouble;
    enum oauth_result result;
};

static struct outcome *
refresh(enum server_action action, const char *text,
        const struct http_options *http)
{
    static struct outcome o;
    struct secret old = {(char[]){"rt1 &=sesame-open"}, 17, 18};

    o = (struct outcome){.token = TOKEN_INIT, .trouble = {99, true}};
    room_open(&o.room, action, text);
    o.result = refresh_exchange(http, &o.room.provider, "cl id", &old,
                                &o.token, &o.trouble, &o.room.err);
    room_close(&o.room);
    assert_int_equal(o.room.server.served, 1); /* never twice */
    if (o.result != OAUTH_OK)
        assert_true(secret_is_empty(&o.token.access));
    assert_null(strstr(o.room.err.text, "sesame"));
    assert_null(strstr(o.room.err.text, "rt1"));
    return &o;
}

static void
test_form(void **state)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;

    (void)state;
    assert_int_equal(form_add(&form, "a", "b"), 0);
    assert_string_equal(form.data, "a=b");
    assert_int_equal(form_add(&form, "k&=", "x y+z/?#%\n\xc3\xa9"), 0);
    assert_int_equal(form_add(&form, "e", ""), 0);
    assert_int_equal(form_add(&form, "p", "AZaz09*-._~"), 0);
    assert_string_equal(
        form.data,
        "a=b&k%26%3D=x+y%2Bz%2F%3F%23%25%0A%C3%A9&e=&p=AZaz09*-._%7E");
}

static void
test_refresh(void **state)
{
    struct outcome *o = refresh(
        SERVER_SEND,
        JSON("200", "{\"access_token\":\"at\",\"refresh_token\":\"rt2\","
                    "\"token_type\":\"Bearer\",\"expires_in\":600}"),
        &patient);

    (void)state;
    assert_int_equal(o->result, OAUTH_OK);
    assert_string_equal(o->token.access.data, "at");
    assert_string_equal(o->token.refresh.data, "rt2");
    assert_int_equal(o->token.lifetime_ms, 600000);
    assert_int_equal(o->trouble.retry_after_s, -1);
    assert_false(o->trouble.maybe_spent);
    assert_starts(room_asked(&o->room), "POST /getServiceKeys/token HTTP/1.1");
    assert_has(room_asked(&o->room),
               "\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    assert_has(room_asked(&o->room), "\r\nAccept: application/json\r\n");
    assert_null(strstr(room_asked(&o->room), "Authorization"));
    assert_string_equal(room_body(&o->room),
                        "grant_type=refresh_token&"
                        "refresh_token=rt1+%26%3Dsesame-open&"
                        "client_id=cl+id");
    token_release(&o->token);
}

static void
test_refresh_keeps_old(void **state)
{
    struct outcome *o = refresh(
        SERVER_SEND, JSON("200", "{\"access_token\":\"at\"}"), &patient);

    (void)state;
    assert_int_equal(o->result, OAUTH_OK);
    assert_true(secret_is_empty(&o->token.refresh));
    assert_int_equal(o->token.lifetime_ms, -1);
    token_release(&o->token);
}

static void
test_refresh_errors(void **state)
{
    static const struct {
        const char *text;
        enum oauth_result result;
        enum failure failure;
        const char *id;
        bool maybe_spent;
        const char *part;
    } cases[] = {
        {JSON("400", "{\"error\":\"invalid_grant\"}"), OAUTH_INVALID_GRANT,
         FAIL_AUTH, "invalid_grant", false, " refused: invalid_grant"},
        {JSON("401", "{\"error\":\"invalid_client\","
                     "\"error_description\":\"Unknown client_id cl id\"}"),
         OAUTH_INVALID_CLIENT, FAIL_AUTH, "invalid_client", false,
         " refused: invalid_client (Unknown client_id cl id)"},
        {JSON("400", "{\"error\":\"unauthorized_client\"}"),
         OAUTH_INVALID_CLIENT, FAIL_AUTH, "unauthorized_client", false, ""},
        {JSON("400", "{\"error\":\"invalid_request\"}"), OAUTH_REFUSED,
         FAIL_AUTH, "invalid_request", false, ""},
        {JSON("400", "{\"error\":\"invalid_scope\"}"), OAUTH_REFUSED,
         FAIL_AUTH, "invalid_scope", false, ""},
        {JSON("400", "{\"error\":\"unsupported_grant_type\"}"), OAUTH_REFUSED,
         FAIL_AUTH, "unsupported_grant_type", false, ""},
        {JSON("400", "{\"error\":\"something_new\"}"), OAUTH_REFUSED,
         FAIL_AUTH, "something_new", false, ""},
        {JSON("400", "{\"error\":\"access_denied\"}"), OAUTH_REFUSED,
         FAIL_AUTH, "access_denied", false, ""},
        {JSON("200", "{\"error\":\"invalid_grant\"}"), OAUTH_INVALID_GRANT,
         FAIL_AUTH, "invalid_grant", false, ""},
        {JSON("500", "{\"error\":\"invalid_grant\"}"), OAUTH_INVALID_GRANT,
         FAIL_AUTH, "invalid_grant", false, ""},
        /* Not an OAuth error, although it looks like one. */
        {JSON("500", "{\"error\":\"Internal Server Error\"}"), OAUTH_FAILED,
         FAIL_SERVICE, "status", true, " answered 500: Internal Server Error"},
        {JSON("400", "{\"error\":\"server_error\"}"), OAUTH_FAILED,
         FAIL_SERVICE, "status", false, " answered 400: server_error"},
        {JSON("400", "{\"error\":\"temporarily_unavailable\"}"), OAUTH_FAILED,
         FAIL_SERVICE, "status", false, " answered 400"},
        {JSON("400", "{\"error\":\"slow_down\"}"), OAUTH_FAILED, FAIL_SERVICE,
         "slow_down", false, ""},
        {JSON("429", "{}"), OAUTH_FAILED, FAIL_SERVICE, "rate_limit", false,
         " answered 429"},
        {JSON("429", "{\"error\":\"too_many_requests\"}"), OAUTH_FAILED,
         FAIL_SERVICE, "rate_limit", false, " answered 429"},
        {JSON("400", "{\"error\":{\"message\":\"no\"}}"), OAUTH_FAILED,
         FAIL_SERVICE, "status", false, " answered 400"},
        {JSON("422", "{\"detail\":[{\"msg\":\"no\"}]}"), OAUTH_FAILED,
         FAIL_SERVICE, "status", false, " answered 422"},
        {JSON("400", "{\"error\":\"\"}"), OAUTH_FAILED, FAIL_SERVICE, "status",
         false, " answered 400"},
        {JSON("400", "{\"error\":null}"), OAUTH_FAILED, FAIL_SERVICE, "status",
         false, " answered 400"},
        {JSON("404", "nothing here"), OAUTH_FAILED, FAIL_SERVICE, "status",
         false, " answered 404 with a body that is not JSON"},
        {JSON("404", ""), OAUTH_FAILED, FAIL_SERVICE, "status", false,
         " answered 404 with nothing"},
        {HTML("502"), OAUTH_FAILED, FAIL_SERVICE, "status", true,
         " answered 502 with HTML, not JSON"},
        {HTML("504"), OAUTH_FAILED, FAIL_SERVICE, "status", true, ""},
        {HTML("503"), OAUTH_FAILED, FAIL_SERVICE, "status", false, ""},
        {HTML("200"), OAUTH_FAILED, FAIL_SERVICE, "reply", true,
         " answered 200 with HTML, not JSON: is a proxy or a login page in "
         "between?"},
        {JSON("200", ""), OAUTH_FAILED, FAIL_SERVICE, "reply", true,
         " answered 200 with nothing"},
        {JSON("200", "[]"), OAUTH_FAILED, FAIL_SERVICE, "reply", true,
         " answered 200 with a body that is not JSON"},
        {JSON("200", "{\"access_token\":\"a\""), OAUTH_FAILED, FAIL_SERVICE,
         "reply", true, ""},
        {JSON("200", "{}"), OAUTH_FAILED, FAIL_SERVICE, "reply", true,
         "access_token"},
        {JSON("200", "null"), OAUTH_FAILED, FAIL_SERVICE, "reply", true, ""},
        {JSON("200", "{\"access_token\":[1]}"), OAUTH_FAILED, FAIL_SERVICE,
         "reply", true, "access_token"},
        {JSON("200", "{\"access_token\":\"a\",\"token_type\":\"mac\"}"),
         OAUTH_FAILED, FAIL_SERVICE, "reply", true, "token_type"},
        {"HTTP/1.1 301 X\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
         OAUTH_FAILED, FAIL_SERVICE, "status", false,
         " answered 301 (a redirect)"},
        {"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
         "{\"error\":\"invalid_grant\"}",
         OAUTH_FAILED, FAIL_SERVICE, "status", false, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char host[32];
        struct outcome *o = refresh(SERVER_SEND, cases[i].text, &patient);
        if (o->result != cases[i].result ||
            o->trouble.maybe_spent != cases[i].maybe_spent)
            fail_msg("%d, maybe_spent %d from %s", (int)o->result,
                     o->trouble.maybe_spent, cases[i].text);
        assert_error(&o->room.err, cases[i].failure, cases[i].id,
                     cases[i].part);
        snprintf(host, sizeof host, "127.0.0.1:%d", o->room.server.port);
        if (strcmp(cases[i].id, "reply") != 0)
            assert_has(o->room.err.text, host);
    }
}

static void
test_refresh_lost(void **state)
{
    static const struct {
        enum server_action action;
        const char *text;
        const struct http_options *http;
    } cases[] = {{SERVER_RESET, "", &patient},
                 {SERVER_SEND, "", &patient},
                 {SERVER_SEND,
                  "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", &patient},
                 {SERVER_FLOOD, "HTTP/1.1 200 OK\r\n\r\n", &patient},
                 {SERVER_MUTE, "", &hasty}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome *o =
            refresh(cases[i].action, cases[i].text, cases[i].http);
        assert_int_equal(o->result, OAUTH_FAILED);
        assert_true(o->trouble.maybe_spent);
        assert_error(&o->room.err, FAIL_SERVICE, "lost", "127.0.0.1");
    }
}

static void
test_refresh_unreached(void **state)
{
    struct secret old = {(char[]){"rt1"}, 3, 4};
    struct token token = TOKEN_INIT;
    struct refresh_trouble trouble = {99, true};
    struct provider provider;
    struct error err = ERROR_INIT;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server_closed_port());
    assert_int_equal(
        provider_init_parallel(&provider, url, url, url, "", NULL), 0);
    assert_int_equal(refresh_exchange(&patient, &provider, "c", &old, &token,
                                      &trouble, &err),
                     OAUTH_FAILED);
    assert_false(trouble.maybe_spent);
    assert_int_equal(trouble.retry_after_s, -1);
    assert_error(&err, FAIL_SERVICE, "network", "127.0.0.1");
    assert_int_equal(refresh_exchange(&patient, &provider, "c", &old, &token,
                                      &trouble, NULL),
                     OAUTH_FAILED);
    provider_release(&provider);
}

static void
test_retry_after(void **state)
{
    struct outcome *o = refresh(
        SERVER_SEND, "HTTP/1.1 429 X\r\nRetry-After: 17\r\n\r\n", &patient);

    (void)state;
    assert_int_equal(o->trouble.retry_after_s, 17);
    o = refresh(SERVER_SEND, "HTTP/1.1 503 X\r\nRetry-After: 0\r\n\r\n",
                &patient);
    assert_int_equal(o->trouble.retry_after_s, 0);
}

/* What a server says reaches a terminal only cleaned, and cut. */
static void
test_foreign_text(void **state)
{
    char text[4096];
    struct outcome *o = refresh(
        SERVER_SEND,
        JSON("400",
             "{\"error\":\"a\\u001b[2Jb\\u202ec\\n\",\"error_description\":"
             "\"x\\u001b]0;y\\u0007\\u009b\\u2066\\r\\nz\"}"),
        &patient);

    (void)state;
    assert_int_equal(o->result, OAUTH_REFUSED);
    assert_string_equal(o->room.err.id, "a?[2Jb?c?");
    assert_has(o->room.err.text, "refused: a?[2Jb?c? (x?]0;y?????z)");

    snprintf(text, sizeof text,
             JSON("400", "{\"error\":\"%0*d\","
                         "\"error_description\":\"%0*d\"}"),
             900, 7, 900, 7);
    o = refresh(SERVER_SEND, text, &patient);
    assert_int_equal(o->result, OAUTH_REFUSED);
    assert_int_equal(strlen(o->room.err.id), 31);
    assert_in_range(strlen(o->room.err.text), 200, 400);
}

/* A server that repeats what we sent does not get it into our messages:
 * refresh() looks for it in them. */
static void
test_echo(void **state)
{
    static const char *const texts[] = {
        JSON("400", "{\"error\":\"invalid_grant\",\"error_description\":"
                    "\"unknown token rt1 &=sesame-open\"}"),
        JSON("400", "{\"error\":\"invalid_grant\",\"error_description\":"
                    "\"unknown token rt1 &=sesa...\"}"),
        JSON("400", "{\"error\":\"rt1 &=sesame-open\"}"),
        JSON("500", "{\"error\":\"no rt1 &=sesame-open\"}")};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct outcome *o = refresh(SERVER_SEND, texts[i], &patient);
        assert_true(o->result != OAUTH_OK);
        assert_null(strstr(o->room.err.id, "rt1"));
    }
}

/* The device grant. */

static enum oauth_result
start(struct room *room, const char *scope, const char *text,
      struct device_code *code)
{
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    result = device_start(&patient, &room->provider, "cl id", scope, code,
                          &room->err);
    room_close(room);
    return result;
}

static void
test_device_start(void **state)
{
    CLEANUP(device_code_release) struct device_code code = DEVICE_CODE_INIT;
    static struct room room;
    int64_t before = clock_now().boot;

    (void)state;
    assert_int_equal(
        start(&room, "a:b c",
              JSON("200", "{\"device_code\":\"dc\",\"user_code\":\"BC-DF\","
                          "\"verification_uri\":\"https://v.example/d\","
                          "\"verification_uri_complete\":"
                          "\"https://v.example/d?c=BC-DF\","
                          "\"expires_in\":600,\"interval\":7}"),
              &code),
        OAUTH_OK);
    assert_starts(room_asked(&room),
                  "POST /getServiceKeys/device/code HTTP/1.1\r\n");
    assert_string_equal(room_body(&room), "client_id=cl+id&scope=a%3Ab+c");
    assert_string_equal(code.code.data, "dc");
    assert_string_equal(code.user_code, "BC-DF");
    assert_string_equal(code.verification_uri, "https://v.example/d");
    assert_string_equal(code.verification_uri_complete,
                        "https://v.example/d?c=BC-DF");
    assert_int_equal(code.interval_ms, 7000);
    assert_int_equal(code.expires_in_ms, 600000);
    assert_in_range(code.ends_boot, before + 600000,
                    clock_now().boot + 600000);
}

static void
test_device_start_plain(void **state)
{
    CLEANUP(device_code_release) struct device_code code = DEVICE_CODE_INIT;
    static struct room room;

    (void)state;
    assert_int_equal(
        start(&room, "",
              JSON("200", "{\"device_code\":\"dc\",\"user_code\":\"12 34\","
                          "\"verification_uri\":\"http://127.0.0.1:8/d\"}"),
              &code),
        OAUTH_OK);
    assert_string_equal(room_body(&room), "client_id=cl+id");
    assert_string_equal(code.user_code, "12 34");
    assert_null(code.verification_uri_complete);
    assert_int_equal(code.interval_ms, 5000);
    assert_int_equal(code.expires_in_ms, 600000);
}

static void
test_device_start_refused(void **state)
{
    CLEANUP(device_code_release) struct device_code code = DEVICE_CODE_INIT;
    static struct room room;

    (void)state;
    assert_int_equal(
        start(&room, "", JSON("400", "{\"error\":\"invalid_client\"}"), &code),
        OAUTH_INVALID_CLIENT);
    assert_error(&room.err, FAIL_AUTH, "invalid_client", "");
    assert_int_equal(
        start(&room, "", JSON("400", "{\"error\":\"invalid_scope\"}"), &code),
        OAUTH_REFUSED);
    assert_int_equal(start(&room, "", HTML("200"), &code), OAUTH_FAILED);
    assert_error(&room.err, FAIL_SERVICE, "reply", "HTML");
    assert_int_equal(
        start(&room, "", JSON("200", "{\"user_code\":\"x\"}"), &code),
        OAUTH_FAILED);
    assert_error(&room.err, FAIL_SERVICE, "reply", "device_code");
    assert_null(code.user_code);
}

/* The reply with one member (name and value as in JSON) put last, where it
 * wins over the first. */
static int
parse_with(const char *member, struct device_code *code, struct error *err)
{
    char text[20000];
    struct json *json = NULL;
    int result;

    snprintf(text, sizeof text,
             "{\"device_code\":\"dc\",\"user_code\":\"BC-DF\","
             "\"verification_uri\":\"https://v.example/\"%s%s}",
             *member ? "," : "", member);
    if (json_parse(text, strlen(text), &json, err) < 0)
        fail_msg("%.200s: %s", text, err->text);
    result = device_code_parse(code, json, err);
    json_free(json);
    return result;
}

static void
assert_code_refused(const char *member, const char *field)
{
    struct device_code code = DEVICE_CODE_INIT;
    struct error err = ERROR_INIT;

    if (parse_with(member, &code, &err) == 0)
        fail_msg("accepted: %.200s", member);
    assert_error(&err, FAIL_SERVICE, "reply", field);
    assert_null(strstr(err.text, "sesame"));
    assert_null(code.user_code);
    assert_true(secret_is_empty(&code.code));
}

static void
test_device_fields(void **state)
{
    char text[12000];

    (void)state;
    assert_code_refused("\"device_code\":null", "device_code");
    assert_code_refused("\"device_code\":\"\"", "device_code");
    assert_code_refused("\"device_code\":7", "device_code");
    assert_code_refused("\"device_code\":\"sesame\\nx\"", "device_code");
    snprintf(text, sizeof text, "\"device_code\":\"%0*d\"", TOKEN_TEXT_MAX + 1,
             0);
    assert_code_refused(text, "device_code");

    assert_code_refused("\"user_code\":null", "user_code");
    assert_code_refused("\"user_code\":\"\"", "user_code");
    assert_code_refused("\"user_code\":\"  \"", "user_code");
    assert_code_refused("\"user_code\":1234", "user_code");
    assert_code_refused("\"user_code\":\"sesame\\u001b[31m\"", "user_code");
    assert_code_refused("\"user_code\":\"sesame\\u202ex\"", "user_code");
    assert_code_refused("\"user_code\":\"sesame\\nlogin:\"", "user_code");
    snprintf(text, sizeof text, "\"user_code\":\"%065d\"", 0);
    assert_code_refused(text, "user_code");
}

static void
test_device_address(void **state)
{
    static const char *const unsafe[] = {
        "null",
        "7",
        "\"\"",
        "\"http://v.example/\"",
        "\"http://127.0.0.1.v.example/\"",
        "\"ftp://v.example/\"",
        "\"javascript:alert(1)\"",
        "\"//v.example/\"",
        "\"https://platform.parallel.ai@v.example/\"",
        "\"https://v.example/\\u001b[31m\"",
        "\"https://v.example/\\u202e\"",
        "\"https://v.example/\\nhttps://w.example/\"",
        "\"https://v.example/ x\"",
        "\"https://v.example/\\\\x\"",
        "\"https:///\""};
    char member[2048];

    (void)state;
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        CLEANUP(device_code_release)
        struct device_code code = DEVICE_CODE_INIT;
        struct error err = ERROR_INIT;
        snprintf(member, sizeof member, "\"verification_uri\":%s", unsafe[i]);
        assert_code_refused(member, "verification_uri");
        snprintf(member, sizeof member, "\"verification_uri_complete\":%s",
                 unsafe[i]);
        assert_int_equal(parse_with(member, &code, &err), 0);
        if (code.verification_uri_complete)
            fail_msg("accepted: %s", unsafe[i]);
    }
    snprintf(member, sizeof member,
             "\"verification_uri\":\"https://v.example/%01008d\"", 0);
    assert_code_refused(member, "verification_uri");
}

static void
test_device_times(void **state)
{
    static const struct {
        const char *member;
        int64_t interval_ms;
        int64_t expires_in_ms;
    } cases[] = {
        {"", 5000, 600000},
        {"\"interval\":\"7\",\"expires_in\":\"30\"", 7000, 30000},
        {"\"interval\":0,\"expires_in\":0", 100, 0},
        {"\"interval\":0.5,\"expires_in\":1.5", 100, 1000},
        {"\"interval\":-3,\"expires_in\":-3", 5000, 0},
        {"\"interval\":null,\"expires_in\":null", 5000, 600000},
        {"\"interval\":\"fast\",\"expires_in\":[1]", 5000, 600000},
        {"\"interval\":99999999999999,\"expires_in\":99999999999999", 300000,
         86400000},
        {"\"interval\":1e300,\"expires_in\":1e300", 300000, 86400000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP(device_code_release)
        struct device_code code = DEVICE_CODE_INIT;
        struct error err = ERROR_INIT;
        assert_int_equal(parse_with(cases[i].member, &code, &err), 0);
        if (code.interval_ms != cases[i].interval_ms ||
            code.expires_in_ms != cases[i].expires_in_ms)
            fail_msg("%lld, %lld from %s", (long long)code.interval_ms,
                     (long long)code.expires_in_ms, cases[i].member);
    }
}

/* One poll. */
static enum oauth_result
poll_once(struct room *room, enum server_action action, const char *text,
          const struct http_options *http, struct device_code *code,
          struct token *token, bool *maybe_done)
{
    enum oauth_result result;

    room_open(room, action, text);
    result = device_poll(http, &room->provider, "cl id", code, token,
                         maybe_done, &room->err);
    room_close(room);
    return result;
}

static struct device_code
waiting(int64_t interval_ms)
{
    struct device_code code = DEVICE_CODE_INIT;

    secret_set(&code.code, "dc+sesame", 9);
    code.interval_ms = interval_ms;
    return code;
}

static void
test_poll(void **state)
{
    CLEANUP(device_code_release) struct device_code code = waiting(5000);
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    static struct room room;
    char text[512];
    bool maybe_done = true;

    (void)state;
    snprintf(text, sizeof text, JSON("200", "%s"), grant);
    assert_int_equal(poll_once(&room, SERVER_SEND, text, &patient, &code,
                               &token, &maybe_done),
                     OAUTH_OK);
    assert_false(maybe_done);
    assert_string_equal(token.access.data, "at");
    assert_string_equal(token.refresh.data, "rt2");
    assert_int_equal(code.interval_ms, 5000);
    assert_starts(room_asked(&room), "POST /getServiceKeys/token HTTP/1.1");
    assert_string_equal(
        room_body(&room),
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&"
        "client_id=cl+id&device_code=dc%2Bsesame");
}

static void
test_poll_results(void **state)
{
    static const struct {
        const char *text;
        enum oauth_result result;
        const char *id;
        int64_t interval_ms; /* from 5,000 */
        bool maybe_done;
    } cases[] = {
        {JSON("400", "{\"error\":\"authorization_pending\"}"), OAUTH_PENDING,
         "authorization_pending", 5000, false},
        {JSON("428", "{\"error\":\"authorization_pending\"}"), OAUTH_PENDING,
         "authorization_pending", 5000, false},
        {JSON("400", "{\"error\":\"slow_down\"}"), OAUTH_SLOW_DOWN,
         "slow_down", 10000, false},
        {JSON("429", "{\"error\":\"slow_down\"}"), OAUTH_SLOW_DOWN,
         "slow_down", 10000, false},
        {JSON("400", "{\"error\":\"access_denied\"}"), OAUTH_DENIED,
         "access_denied", 5000, false},
        {JSON("400", "{\"error\":\"expired_token\"}"), OAUTH_EXPIRED,
         "expired_token", 5000, false},
        {JSON("400", "{\"error\":\"invalid_grant\"}"), OAUTH_INVALID_GRANT,
         "invalid_grant", 5000, false},
        {JSON("401", "{\"error\":\"invalid_client\"}"), OAUTH_INVALID_CLIENT,
         "invalid_client", 5000, false},
        {JSON("400", "{\"error\":\"invalid_request\"}"), OAUTH_REFUSED,
         "invalid_request", 5000, false},
        {HTML("502"), OAUTH_FAILED, "status", 5000, true},
        {JSON("200", "{}"), OAUTH_FAILED, "reply", 5000, true},
        {"HTTP/1.1 429 X\r\n\r\n", OAUTH_FAILED, "rate_limit", 5000, false},
        {"HTTP/1.1 429 X\r\nRetry-After: 30\r\n\r\n", OAUTH_FAILED,
         "rate_limit", 30000, false},
        {"HTTP/1.1 429 X\r\nRetry-After: 2\r\n\r\n", OAUTH_FAILED,
         "rate_limit", 5000, false},
        {"HTTP/1.1 429 X\r\nRetry-After: 999999\r\n\r\n", OAUTH_FAILED,
         "rate_limit", 300000, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP(device_code_release) struct device_code code = waiting(5000);
        CLEANUP(token_release) struct token token = TOKEN_INIT;
        static struct room room;
        bool maybe_done = !cases[i].maybe_done;
        enum oauth_result result =
            poll_once(&room, SERVER_SEND, cases[i].text, &patient, &code,
                      &token, &maybe_done);
        if (result != cases[i].result ||
            code.interval_ms != cases[i].interval_ms ||
            maybe_done != cases[i].maybe_done)
            fail_msg("%d, %lld ms, maybe_done %d from %s", (int)result,
                     (long long)code.interval_ms, maybe_done, cases[i].text);
        assert_string_equal(room.err.id, cases[i].id);
        assert_null(strstr(room.err.text, "sesame"));
        assert_true(secret_is_empty(&token.access));
    }
}

/* "slow_down" is for good, and adds up. */
static void
test_slow_down(void **state)
{
    static const char text[] = JSON("400", "{\"error\":\"slow_down\"}");
    CLEANUP(device_code_release) struct device_code code = waiting(5000);
    struct token token = TOKEN_INIT;
    static struct room room;
    bool maybe_done;

    (void)state;
    for (int i = 1; i <= 3; i++) {
        poll_once(&room, SERVER_SEND, text, &patient, &code, &token,
                  &maybe_done);
        assert_int_equal(code.interval_ms, 5000 + i * 5000);
    }
    code.interval_ms = 299000;
    poll_once(&room, SERVER_SEND, text, &patient, &code, &token, &maybe_done);
    assert_int_equal(code.interval_ms, 300000);
}

/* RFC 8628 section 3.5: slower after a time-out, not after other trouble. */
static void
test_poll_trouble(void **state)
{
    CLEANUP(device_code_release) struct device_code code = waiting(5000);
    struct token token = TOKEN_INIT;
    static struct room room;
    bool maybe_done = false;

    (void)state;
    assert_int_equal(poll_once(&room, SERVER_RESET, "", &patient, &code,
                               &token, &maybe_done),
                     OAUTH_FAILED);
    assert_true(maybe_done);
    assert_int_equal(code.interval_ms, 5000);
    assert_int_equal(
        poll_once(&room, SERVER_MUTE, "", &hasty, &code, &token, &maybe_done),
        OAUTH_FAILED);
    assert_true(maybe_done);
    assert_int_equal(code.interval_ms, 10000);
    code.interval_ms = 40000;
    poll_once(&room, SERVER_MUTE, "", &hasty, &code, &token, &maybe_done);
    assert_int_equal(code.interval_ms, 60000);
    code.interval_ms = 90000;
    poll_once(&room, SERVER_MUTE, "", &hasty, &code, &token, &maybe_done);
    assert_int_equal(code.interval_ms, 90000);
}

static void
test_poll_connect_time_out(void **state)
{
    static const struct http_options connecting = {.connect_timeout_ms = 300,
                                                   .timeout_ms = 20000};
    CLEANUP(device_code_release) struct device_code code = waiting(5000);
    CLEANUP(provider_release) struct provider provider = {0};
    struct token token = TOKEN_INIT;
    struct error err = ERROR_INIT;
    bool maybe_done = true;
    char url[64];
    int fds[8];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server_full_port(fds));
    assert_int_equal(
        provider_init_parallel(&provider, url, url, url, "", NULL), 0);
    assert_int_equal(device_poll(&connecting, &provider, "c", &code, &token,
                                 &maybe_done, &err),
                     OAUTH_FAILED);
    assert_false(maybe_done);
    assert_string_equal(err.id, "network");
    assert_int_equal(code.interval_ms, 10000);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

/* Registration. */

static enum oauth_result
enrol(struct room *room, const char *text, char **client_id)
{
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    result = register_client(&patient, &room->provider, client_id, &room->err);
    room_close(room);
    return result;
}

static void
test_register(void **state)
{
    cleanup_free char *id = NULL;
    cleanup_json struct json *json = NULL;
    const struct json *platform;
    struct utsname name;
    static struct room room;
    size_t at = 0;
    const char *key;

    (void)state;
    assert_int_equal(
        enrol(&room, JSON("201", "{\"client_id\":\"c-1\",\"x\":1}"), &id),
        OAUTH_OK);
    assert_string_equal(id, "c-1");
    assert_starts(room_asked(&room),
                  "POST /getServiceKeys/register HTTP/1.1\r\n");
    assert_has(room_asked(&room), "\r\nContent-Type: application/json\r\n");
    assert_int_equal(
        json_parse(room_body(&room), strlen(room_body(&room)), &json, NULL),
        0);
    assert_string_equal(json_text(json, "client_name"), "parallel-credential");
    platform = json_object_at(json, "platform");
    assert_int_equal(uname(&name), 0);
    assert_string_equal(json_text(platform, "machine"), name.machine);
    assert_string_equal(json_text(platform, "release"), name.release);
    assert_string_equal(json_text(platform, "system"), name.sysname);
    assert_string_equal(json_text(platform, "version"), name.version);
    while ((key = json_next_key(platform, &at)))
        assert_true(*json_text(platform, key));
    /* The machine's name is nobody's business. */
    assert_null(json_text(platform, "node"));
    assert_null(json_text(platform, "nodename"));
}

static void
test_register_refused(void **state)
{
    static const char *const bad[] = {"{}",
                                      "{\"client_id\":null}",
                                      "{\"client_id\":\"\"}",
                                      "{\"client_id\":12}",
                                      "{\"client_id\":\"a b\"}",
                                      "{\"client_id\":\"a\\nb\"}",
                                      "{\"client_id\":\"a\\u001b\"}",
                                      "{\"client_id\":\"\xc3\xa9\"}"};
    static struct room room;
    char text[1024], *id = text;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, JSON("200", "%s"), bad[i]);
        if (enrol(&room, text, &id) != OAUTH_FAILED)
            fail_msg("accepted: %s", bad[i]);
        assert_error(&room.err, FAIL_SERVICE, "reply", "client_id");
    }
    snprintf(text, sizeof text, JSON("200", "{\"client_id\":\"%0257d\"}"), 0);
    assert_int_equal(enrol(&room, text, &id), OAUTH_FAILED);
    assert_int_equal(
        enrol(&room, JSON("400", "{\"error\":\"invalid_client\"}"), &id),
        OAUTH_REFUSED);
    assert_error(&room.err, FAIL_AUTH, "invalid_client", "");
    assert_int_equal(enrol(&room, HTML("200"), &id), OAUTH_FAILED);
    assert_ptr_equal(id, text);

    room_open(&room, SERVER_SEND, JSON("200", "{\"client_id\":\"c\"}"));
    room.provider.registration = REGISTRATION_NONE;
    assert_int_equal(register_client(&patient, &room.provider, &id, &room.err),
                     OAUTH_FAILED);
    room_close(&room);
    assert_int_equal(room.server.served, 0);
}

/* Revocation. */

static enum oauth_result
give_back(struct room *room, const char *text)
{
    struct secret token = {(char[]){"rt1+sesame"}, 10, 11};
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    result = revoke_refresh_token(&patient, &room->provider, "c", &token,
                                  &room->err);
    room_close(room);
    assert_null(strstr(room->err.text, "sesame"));
    return result;
}

static void
test_revoke(void **state)
{
    static const char *const good[] = {
        JSON("200", "{}"),
        JSON("200", ""),
        "HTTP/1.1 204 X\r\n\r\n",
        HTML("200"),
        JSON("200", "[1]"),
        JSON("400", "{\"error\":\"invalid_grant\"}")};
    static struct room room;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (give_back(&room, good[i]) != OAUTH_OK)
            fail_msg("%s: %s", good[i], room.err.text);
        assert_string_equal(room.err.text, "");
    }
    assert_starts(room_asked(&room),
                  "POST /getServiceKeys/token/revoke HTTP/1.1\r\n");
    assert_string_equal(room_body(&room), "refresh_token=rt1%2Bsesame");
    assert_null(strstr(room_asked(&room), "Authorization"));
}

static void
test_revoke_trouble(void **state)
{
    struct secret token = {(char[]){"rt1"}, 3, 4};
    static struct room room;

    (void)state;
    assert_int_equal(give_back(&room, HTML("503")), OAUTH_FAILED);
    assert_error(&room.err, FAIL_SERVICE, "status", "503");
    assert_int_equal(
        give_back(&room, JSON("400", "{\"error\":\"invalid_request\"}")),
        OAUTH_REFUSED);
    room_open(&room, SERVER_SEND, JSON("500", ""));
    room.provider.revocation = REVOCATION_NONE;
    assert_int_equal(
        revoke_refresh_token(&patient, &room.provider, "c", &token, &room.err),
        OAUTH_OK);
    room_close(&room);
    assert_int_equal(room.server.served, 0);
}

/* Other providers: how a client shows who it is. */

static const char basic_header[] =
    "\r\nAuthorization: Basic Y2wraWQlM0E6cyUzQWVzYW1lJTI2JTJCJTI1\r\n";

/* A refresh by "cl id:" with the secret "s:esame&+%". */
static const char *
refresh_by(enum provider_authentication authentication)
{
    static struct room room;
    static struct token token;
    struct secret old = {(char[]){"rt1"}, 3, 4};
    struct refresh_trouble trouble;

    token = (struct token)TOKEN_INIT;
    room_open(&room, SERVER_SEND,
              JSON("400", "{\"error\":\"invalid_grant\","
                          "\"error_description\":\"s:esame&+% is bad\"}"));
    room.provider.authentication = authentication;
    secret_set(&room.provider.client_secret, "s:esame&+%", 10);
    assert_int_equal(refresh_exchange(&patient, &room.provider, "cl id:", &old,
                                      &token, &trouble, &room.err),
                     OAUTH_INVALID_GRANT);
    room_close(&room);
    assert_null(strstr(room.err.text, "esame"));
    return room_asked(&room);
}

static void
test_client_basic(void **state)
{
    const char *asked = refresh_by(AUTHENTICATION_BASIC);

    (void)state;
    assert_has(asked, basic_header);
    assert_has(asked, "\r\n\r\ngrant_type=refresh_token&refresh_token=rt1");
    assert_null(strstr(asked, "client_id"));
    assert_null(strstr(asked, "client_secret"));
}

static void
test_client_post(void **state)
{
    const char *asked = refresh_by(AUTHENTICATION_POST);

    (void)state;
    assert_null(strstr(asked, "Authorization"));
    assert_has(asked, "&client_secret=s%3Aesame%26%2B%25&client_id=cl+id%3A");
}

static void
test_client_none(void **state)
{
    const char *asked = refresh_by(AUTHENTICATION_NONE);

    (void)state;
    assert_null(strstr(asked, "Authorization"));
    assert_null(strstr(asked, "client_secret"));
    assert_has(asked, "&client_id=cl+id%3A");
}

static enum oauth_result
give_back_rfc7009(struct room *room, const char *text)
{
    struct secret token = {(char[]){"rt1+sesame"}, 10, 11};
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    room->provider.revocation = REVOCATION_RFC7009;
    room->provider.authentication = AUTHENTICATION_BASIC;
    secret_set(&room->provider.client_secret, "s:esame&+%", 10);
    result = revoke_refresh_token(&patient, &room->provider, "cl id:", &token,
                                  &room->err);
    room_close(room);
    return result;
}

static void
test_revoke_rfc7009(void **state)
{
    struct secret access = {(char[]){"at"}, 2, 3};
    static struct room room;

    (void)state;
    assert_int_equal(give_back_rfc7009(&room, "HTTP/1.1 200 X\r\n\r\n"),
                     OAUTH_OK);
    assert_string_equal(room_body(&room),
                        "token=rt1%2Bsesame&token_type_hint=refresh_token");
    assert_has(room_asked(&room), basic_header);
    room_open(&room, SERVER_SEND, "HTTP/1.1 200 X\r\n\r\n");
    room.provider.revocation = REVOCATION_RFC7009;
    assert_int_equal(
        revoke_access_token(&patient, &room.provider, "c", &access, &room.err),
        OAUTH_OK);
    room_close(&room);
    assert_string_equal(room_body(&room),
                        "token=at&token_type_hint=access_token&client_id=c");
    assert_int_equal(give_back_rfc7009(
                         &room, JSON("401", "{\"error\":\"invalid_client\"}")),
                     OAUTH_INVALID_CLIENT);
    assert_error(&room.err, FAIL_AUTH, "invalid_client", "");
}

static enum oauth_result
enrol_rfc7591(struct room *room, const char *text, char **id)
{
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    room->provider.registration = REGISTRATION_RFC7591;
    result = register_client(&patient, &room->provider, id, &room->err);
    room_close(room);
    return result;
}

static void
test_register_rfc7591(void **state)
{
    cleanup_free char *id = NULL;
    cleanup_json struct json *json = NULL;
    static struct room room;

    (void)state;
    assert_int_equal(
        enrol_rfc7591(&room,
                      JSON("201", "{\"client_id\":\"c-1\","
                                  "\"token_endpoint_auth_method\":\"none\"}"),
                      &id),
        OAUTH_OK);
    assert_string_equal(id, "c-1");
    assert_int_equal(
        json_parse(room_body(&room), strlen(room_body(&room)), &json, NULL),
        0);
    assert_string_equal(json_text(json, "token_endpoint_auth_method"), "none");
    assert_string_equal(
        json_element_text(json_array_at(json, "grant_types"), 0),
        "urn:ietf:params:oauth:grant-type:device_code");
    assert_null(json_object_at(json, "platform"));
    /* A client with a secret is none that we can be. */
    assert_int_equal(
        enrol_rfc7591(
            &room,
            JSON("201",
                 "{\"client_id\":\"c-2\",\"client_secret\":\"s\","
                 "\"token_endpoint_auth_method\":\"client_secret_basic\"}"),
            &id),
        OAUTH_FAILED);
    assert_error(&room.err, FAIL_SERVICE, "reply", "set client_id");
    assert_string_equal(id, "c-1");
}

static int
stop(void **state)
{
    (void)state;
    http_stop();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_client_basic),
        cmocka_unit_test(test_client_post),
        cmocka_unit_test(test_client_none),
        cmocka_unit_test(test_revoke_rfc7009),
        cmocka_unit_test(test_register_rfc7591),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_refresh_keeps_old),
        cmocka_unit_test(test_refresh_errors),
        cmocka_unit_test(test_refresh_lost),
        cmocka_unit_test(test_refresh_unreached),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_foreign_text),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_device_start),
        cmocka_unit_test(test_device_start_plain),
        cmocka_unit_test(test_device_start_refused),
        cmocka_unit_test(test_device_fields),
        cmocka_unit_test(test_device_address),
        cmocka_unit_test(test_device_times),
        cmocka_unit_test(test_poll),
        cmocka_unit_test(test_poll_results),
        cmocka_unit_test(test_slow_down),
        cmocka_unit_test(test_poll_trouble),
        cmocka_unit_test(test_poll_connect_time_out),
        cmocka_unit_test(test_register),
        cmocka_unit_test(test_register_refused),
        cmocka_unit_test(test_revoke),
        cmocka_unit_test(test_revoke_trouble),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("oauth", tests, NULL, stop);
}
