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
#include "tests/lib/room.h"

#define REDIRECT "http://127.0.0.1:5000/callback"

/* One code, and what comes of it. */
struct exchange {
    struct room room;
    struct token token;
    bool maybe_done;
};

static void
exchange_open(struct exchange *x, enum server_action action, const char *text)
{
    *x = (struct exchange){.token = TOKEN_INIT};
    room_open_keys(&x->room, action, text);
}

static void
exchange_close(struct exchange *x)
{
    room_close(&x->room);
    token_release(&x->token);
}

static enum oauth_result
exchange_run(struct exchange *x, const char *verifier_text)
{
    CLEANUP(secret_release) struct secret code = SECRET_INIT;
    CLEANUP(secret_release) struct secret verifier = SECRET_INIT;
    const struct code_grant grant = {"id&1", REDIRECT, &code, &verifier};

    assert_int_equal(secret_append_text(&code, "top/secret code"), 0);
    assert_int_equal(secret_append_text(&verifier, verifier_text), 0);
    return code_exchange(&patient, &x->room.provider, &grant, &x->token,
                         &x->maybe_done, &x->room.err);
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
    struct exchange x;

    (void)state;
    exchange_open(&x, SERVER_SEND,
                  JSON("200", "{\"access_token\":\"k\",\"token_type\":"
                              "\"bearer\"}"));
    assert_int_equal(exchange_run(&x, "v~1"), OAUTH_OK);
    assert_true(secret_equals(&x.token.access, "k"));
    assert_int_equal(x.token.lifetime_ms, -1);
    assert_true(secret_is_empty(&x.token.refresh));
    assert_starts(room_asked(&x.room), "POST /getKeys/token ");
    assert_has(room_asked(&x.room), "application/x-www-form-urlencoded");
    assert_string_equal(room_body(&x.room),
                        "grant_type=authorization_code&client_id=id%261"
                        "&redirect_uri="
                        "http%3A%2F%2F127.0.0.1%3A5000%2Fcallback"
                        "&code=top%2Fsecret+code&code_verifier=v%7E1");
    exchange_close(&x);
}

static void
test_exchange_without_pkce(void **state)
{
    struct exchange x;

    (void)state;
    exchange_open(&x, SERVER_SEND, JSON("200", "{\"access_token\":\"k\"}"));
    assert_int_equal(exchange_run(&x, ""), OAUTH_OK);
    assert_null(strstr(room_body(&x.room), "code_verifier"));
    exchange_close(&x);
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
    struct exchange x;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        exchange_open(&x, SERVER_SEND, said[i]);
        assert_int_equal(exchange_run(&x, "verifier-1"), OAUTH_INVALID_GRANT);
        assert_string_equal(x.room.err.id, "invalid_grant");
        assert_null(strstr(x.room.err.text, "secret"));
        assert_null(strstr(x.room.err.text, "verifier"));
        assert_false(x.maybe_done);
        exchange_close(&x);
    }
    exchange_open(&x, SERVER_SEND,
                  JSON("400",
                       "{\"error\":\"invalid_grant\","
                       "\"error_description\":\"not for " REDIRECT "\"}"));
    assert_int_equal(exchange_run(&x, "verifier-1"), OAUTH_INVALID_GRANT);
    assert_non_null(strstr(x.room.err.text, "not for " REDIRECT));
    exchange_close(&x);
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
    struct exchange x;

    (void)state;
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        exchange_open(&x, lost[i].action, lost[i].text);
        assert_int_equal(exchange_run(&x, "v"), OAUTH_FAILED);
        assert_true(x.maybe_done);
        assert_int_equal(x.room.err.failure, FAIL_SERVICE);
        assert_true(secret_is_empty(&x.token.access));
        exchange_close(&x);
    }
}

static void
test_register(void **state)
{
    cleanup_free char *id = NULL;
    struct exchange x;

    (void)state;
    exchange_open(&x, SERVER_SEND, JSON("201", "{\"client_id\":\"c1\"}"));
    assert_int_equal(register_redirect(&patient, &x.room.provider, REDIRECT,
                                       &id, &x.room.err),
                     OAUTH_OK);
    assert_string_equal(id, "c1");
    assert_starts(room_asked(&x.room), "POST /getKeys/register ");
    assert_has(room_body(&x.room), "{\"redirect_uris\":[");
    assert_has(room_body(&x.room), "5000");
    assert_int_equal(
        register_client(&patient, &x.room.provider, &id, &x.room.err),
        OAUTH_FAILED);
    exchange_close(&x);
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
    return cmocka_run_group_tests_name("code", tests, ask_begin, ask_end);
}
