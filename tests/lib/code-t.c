#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/code.h"
#include "lib/oauth/register.h"
#include "tests/lib/server.h"

#define JSON(status, body)                                                    \
    "HTTP/1.1 " status " X\r\nContent-Type: application/json\r\n\r\n" body

#define REDIRECT "http://127.0.0.1:5000/callback"

static const struct http_options patient = {.connect_timeout_ms = 20000,
                                            .timeout_ms = 20000};

/* One server and Parallel's OAuth provider at it, for one question. */
struct room {
    struct server_step step;
    struct server server;
    struct provider provider;
    struct token token;
    bool maybe_done;
    struct error err;
};

static void
room_open(struct room *room, enum server_action action, const char *text)
{
    *room = (struct room){.step = {action, text}, .token = TOKEN_INIT};
    server_start(&room->server, &room->step, 1);
    assert_int_equal(provider_init_parallel_keys(
                         &room->provider, room->server.base, room->server.base,
                         room->server.base, NULL, NULL),
                     0);
}

static void
room_close(struct room *room)
{
    server_stop(&room->server);
    provider_release(&room->provider);
    token_release(&room->token);
}

static const char *
room_body(const struct room *room)
{
    const char *end = strstr(room->server.request[0], "\r\n\r\n");

    return end ? end + 4 : "";
}

static enum oauth_result
room_exchange(struct room *room, const char *verifier_text)
{
    CLEANUP(secret_release) struct secret code = SECRET_INIT;
    CLEANUP(secret_release) struct secret verifier = SECRET_INIT;
    const struct code_grant grant = {"id&1", REDIRECT, &code, &verifier};

    assert_int_equal(secret_append_text(&code, "top/secret code"), 0);
    assert_int_equal(secret_append_text(&verifier, verifier_text), 0);
    return code_exchange(&patient, &room->provider, &grant, &room->token,
                         &room->maybe_done, &room->err);
}

static void
assert_address(const char *endpoint, const struct code_request *request,
               const char *expected)
{
    CLEANUP(secret_release) struct secret address = SECRET_INIT;
    const struct provider provider = {
        .name = (char *)"p", .authorization_endpoint = (char *)endpoint};

    assert_int_equal(code_address(&provider, request, &address, NULL), 0);
    assert_string_equal(secret_text(&address), expected);
}

static void
test_address(void **state)
{
    const struct code_request request = {"a b&c=", REDIRECT, "key:read x",
                                         "s-_#", "ch"};
    const struct code_request plain = {"id", REDIRECT, "", "s", NULL};

    (void)state;
    assert_address("https://as.example/authorize", &request,
                   "https://as.example/authorize?response_type=code"
                   "&client_id=a+b%26c%3D"
                   "&redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fcallback"
                   "&scope=key%3Aread+x&state=s-_%23"
                   "&code_challenge=ch&code_challenge_method=S256");
    assert_address("https://as.example/a?tenant=1", &plain,
                   "https://as.example/a?tenant=1&response_type=code"
                   "&client_id=id&redirect_uri="
                   "http%3A%2F%2F127.0.0.1%3A5000%2Fcallback&state=s");
    assert_address("https://as.example/a?", &plain,
                   "https://as.example/a?response_type=code"
                   "&client_id=id&redirect_uri="
                   "http%3A%2F%2F127.0.0.1%3A5000%2Fcallback&state=s");
}

static void
test_no_endpoint(void **state)
{
    CLEANUP(secret_release) struct secret address = SECRET_INIT;
    const struct code_request request = {"id", REDIRECT, "", "s", "c"};
    const struct provider provider = {.name = (char *)"p"};
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(code_address(&provider, &request, &address, &err), -1);
    assert_int_equal(err.failure, FAIL_INPUT);
    assert_true(secret_is_empty(&address));
}

static void
test_long_address(void **state)
{
    CLEANUP(secret_release) struct secret address = SECRET_INIT;
    static char scope[CODE_ADDRESS_MAX + 1];
    const struct code_request request = {"id", REDIRECT, scope, "s", NULL};
    const struct provider provider = {.name = (char *)"acme",
                                      .authorization_endpoint =
                                          (char *)"https://as.example/a"};
    struct error err = ERROR_INIT;

    (void)state;
    memset(scope, 'x', CODE_ADDRESS_MAX - 200);
    assert_int_equal(code_address(&provider, &request, &address, &err), 0);
    memset(scope, 'x', CODE_ADDRESS_MAX);
    assert_int_equal(code_address(&provider, &request, &address, &err), -1);
    assert_int_equal(err.failure, FAIL_INPUT);
    assert_non_null(strstr(err.text, "fewer scopes"));
}

static void
test_exchange(void **state)
{
    struct room room;

    (void)state;
    room_open(&room, SERVER_SEND,
              JSON("200", "{\"access_token\":\"k\",\"token_type\":"
                          "\"bearer\"}"));
    assert_int_equal(room_exchange(&room, "v~1"), OAUTH_OK);
    assert_true(secret_equals(&room.token.access, "k"));
    assert_int_equal(room.token.lifetime_ms, -1);
    assert_true(secret_is_empty(&room.token.refresh));
    assert_ptr_equal(strstr(room.server.request[0], "POST /getKeys/token "),
                     room.server.request[0]);
    assert_non_null(
        strstr(room.server.request[0], "application/x-www-form-urlencoded"));
    assert_string_equal(room_body(&room),
                        "grant_type=authorization_code&client_id=id%261"
                        "&redirect_uri="
                        "http%3A%2F%2F127.0.0.1%3A5000%2Fcallback"
                        "&code=top%2Fsecret+code&code_verifier=v%7E1");
    room_close(&room);
}

static void
test_exchange_without_pkce(void **state)
{
    struct room room;

    (void)state;
    room_open(&room, SERVER_SEND, JSON("200", "{\"access_token\":\"k\"}"));
    assert_int_equal(room_exchange(&room, ""), OAUTH_OK);
    assert_null(strstr(room_body(&room), "code_verifier"));
    room_close(&room);
}

/* What the server says of code and verifier does not get into a message. */
static void
test_refused(void **state)
{
    static const char *const said[] = {
        JSON("400", "{\"error\":\"invalid_grant\",\"error_description\":"
                    "\"top/secret code is unknown\"}"),
        JSON("400", "{\"error\":\"invalid_grant\",\"error_description\":"
                    "\"not of verifier-1\"}")};
    struct room room;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        room_open(&room, SERVER_SEND, said[i]);
        assert_int_equal(room_exchange(&room, "verifier-1"),
                         OAUTH_INVALID_GRANT);
        assert_string_equal(room.err.id, "invalid_grant");
        assert_null(strstr(room.err.text, "secret"));
        assert_null(strstr(room.err.text, "verifier"));
        assert_false(room.maybe_done);
        room_close(&room);
    }
    room_open(&room, SERVER_SEND,
              JSON("400", "{\"error\":\"invalid_grant\","
                          "\"error_description\":\"not for " REDIRECT "\"}"));
    assert_int_equal(room_exchange(&room, "verifier-1"), OAUTH_INVALID_GRANT);
    assert_non_null(strstr(room.err.text, "not for " REDIRECT));
    room_close(&room);
}

/* It may have been carried out: the code is of no more use. */
static void
test_lost(void **state)
{
    static const struct server_step lost[] = {
        {SERVER_RESET, ""},
        {SERVER_SEND, JSON("200", "{\"token_type\":\"bearer\"}")},
        {SERVER_SEND, JSON("200", "{\"access_token\":\"a b\"}")},
        {SERVER_SEND, JSON("502", "{}")}};
    struct room room;

    (void)state;
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        room_open(&room, lost[i].action, lost[i].text);
        assert_int_equal(room_exchange(&room, "v"), OAUTH_FAILED);
        assert_true(room.maybe_done);
        assert_int_equal(room.err.failure, FAIL_SERVICE);
        assert_true(secret_is_empty(&room.token.access));
        room_close(&room);
    }
}

static void
test_register(void **state)
{
    cleanup_free char *id = NULL;
    struct room room;

    (void)state;
    room_open(&room, SERVER_SEND, JSON("201", "{\"client_id\":\"c1\"}"));
    assert_int_equal(
        register_redirect(&patient, &room.provider, REDIRECT, &id, &room.err),
        OAUTH_OK);
    assert_string_equal(id, "c1");
    assert_non_null(strstr(room.server.request[0], "POST /getKeys/register "));
    assert_non_null(strstr(room_body(&room), "{\"redirect_uris\":["));
    assert_non_null(strstr(room_body(&room), "5000"));
    assert_int_equal(register_client(&patient, &room.provider, &id, &room.err),
                     OAUTH_FAILED);
    room_close(&room);
}

/* Parallel's other way in has its own endpoints, and the same issuer. */
static void
test_provider(void **state)
{
    CLEANUP(provider_release) struct provider p = {0};

    (void)state;
    assert_int_equal(
        provider_init_parallel_keys(&p, "https://platform.parallel.ai/",
                                    provider_parallel_service,
                                    provider_parallel_data, NULL, NULL),
        0);
    assert_string_equal(p.name, "parallel");
    assert_string_equal(p.issuer, "https://platform.parallel.ai");
    assert_string_equal(p.authorization_endpoint,
                        "https://platform.parallel.ai/getKeys/authorize");
    assert_string_equal(p.registration_endpoint,
                        "https://platform.parallel.ai/getKeys/register");
    assert_string_equal(p.device_authorization_endpoint,
                        "https://platform.parallel.ai/getKeys/device/code");
    assert_string_equal(p.token_endpoint,
                        "https://platform.parallel.ai/getKeys/token");
    assert_string_equal(p.scopes, "key:read");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_no_endpoint),
        cmocka_unit_test(test_long_address),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_exchange_without_pkce),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_register),
        cmocka_unit_test(test_provider),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
