#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/oauth/device.h"
#include "tests/lib/room.h"

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
    bool maybe_done = true;

    (void)state;
    assert_int_equal(
        poll_once(&room, SERVER_SEND,
                  JSON("200", "{\"access_token\":\"at\",\"refresh_token\":"
                              "\"rt2\",\"token_type\":\"Bearer\","
                              "\"expires_in\":600}"),
                  &patient, &code, &token, &maybe_done),
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("device", tests, ask_begin, ask_end);
}
