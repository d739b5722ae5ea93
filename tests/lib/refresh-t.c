#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/oauth/refresh.h"
#include "tests/lib/room.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_refresh_keeps_old),
        cmocka_unit_test(test_refresh_errors),
        cmocka_unit_test(test_refresh_lost),
        cmocka_unit_test(test_refresh_unreached),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_foreign_text),
        cmocka_unit_test(test_echo),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("refresh", tests, ask_begin, ask_end);
}
