#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/lib/ask.h"

/* A POST to a server that plays step fails like this. Returns whether it was
 * a time-out. */
static bool
assert_trouble(enum server_action action, const char *text,
               const struct http_options *options, const char *id,
               const char *part)
{
    struct server_step step = {action, text};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    struct secret body = {(char[]){"a=b"}, 3, 4};
    struct server server;
    char host[32];
    struct http_request request = {.method = "POST",
                                   .content_type =
                                       "application/x-www-form-urlencoded",
                                   .body = &body};

    server_start(&server, &step, 1);
    request.url = server.base;
    if (http_send(options, &request, &response, &err) == 0)
        fail_msg("accepted: %.60s", text);
    server_stop(&server);
    assert_failure(&err, id, part);
    snprintf(host, sizeof host, "127.0.0.1:%d", server.port);
    assert_non_null(strstr(err.text, host));
    assert_int_equal(response.status, 0);
    assert_true(secret_is_empty(&response.body));
    assert_int_equal(server.served, 1); /* nothing is ever sent twice */
    return response.timed_out;
}

static void
test_too_large(void **state)
{
    struct http_response response;
    size_t head;
    char *text;

    (void)state;
    assert_false(assert_trouble(SERVER_FLOOD, OK_HEAD "\r\n", &patient, "lost",
                                "too large"));
    assert_trouble(SERVER_FLOOD, OK_HEAD "Content-Length: 99999999999\r\n\r\n",
                   &patient, "lost", "too large");
    text = malloc(HTTP_BODY_MAX + 1024);
    head = (size_t)sprintf(text, OK_HEAD "\r\n");
    memset(text + head, 'x', HTTP_BODY_MAX);
    text[head + HTTP_BODY_MAX] = '\0';
    response = answer_of(text);
    assert_int_equal(response.body.len, HTTP_BODY_MAX);
    http_response_release(&response);
    strcat(text, "x");
    assert_trouble(SERVER_SEND, text, &patient, "lost", "too large");
    free(text);
}

static void
test_lost(void **state)
{
    (void)state;
    assert_trouble(SERVER_SEND, "", &patient, "lost", "no complete answer");
    assert_trouble(SERVER_RESET, "", &patient, "lost", "no complete answer");
    assert_trouble(SERVER_SEND, OK_HEAD "Content-Length: 9\r\n\r\n{}",
                   &patient, "lost", "no complete answer");
    assert_trouble(SERVER_RESET, OK_HEAD "Content-Length: 9\r\n\r\n{}",
                   &patient, "lost", "no complete answer");
    assert_trouble(SERVER_SEND,
                   OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
                   &patient, "lost", "no complete answer");
    assert_trouble(SERVER_SEND, "HTTP/1.1 200 OK\r\nContent-Ty", &patient,
                   "lost", "no complete answer");
    assert_trouble(SERVER_SEND,
                   "HTTP/1.1 100 Continue\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Ty",
                   &patient, "lost", "no complete answer");
    assert_trouble(SERVER_SEND, "SSH-2.0-OpenSSH\r\n", &patient, "lost",
                   "no complete answer");
    assert_trouble(SERVER_SEND, "HTTP/1.1 999 Odd\r\n\r\n", &patient, "lost",
                   "HTTP");
}

static void
test_time_out(void **state)
{
    int64_t start = clock_now().boot;

    (void)state;
    assert_true(assert_trouble(SERVER_MUTE, "", &hasty, "lost", "0.3 s"));
    assert_true(assert_trouble(SERVER_MUTE,
                               OK_HEAD "Content-Length: 9\r\n\r\n{}", &hasty,
                               "lost", "within 0.3 s"));
    assert_true(assert_trouble(SERVER_DRIP, OK_HEAD "\r\n", &hasty, "lost",
                               "within 0.3 s"));
    assert_true(assert_trouble(SERVER_DRIP, "HTTP/1.1 200 OK\r\nA: ", &hasty,
                               "lost", "within 0.3 s"));
    assert_in_range(clock_now().boot - start, 1000, 9000);
}

static bool
always(void)
{
    return true;
}

static void
test_cancelled(void **state)
{
    static const struct http_options cancelled = {
        .connect_timeout_ms = 20000, .timeout_ms = 20000, .cancelled = always};
    struct server_step step = {SERVER_MUTE, ""};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    struct server server;
    struct http_request request = {.method = "GET"};
    int64_t start = clock_now().boot;

    (void)state;
    server_start(&server, &step, 1);
    request.url = server.base;
    assert_int_equal(http_send(&cancelled, &request, &response, &err), -1);
    server_stop(&server);
    assert_int_equal(err.failure, FAIL_INTERRUPTED);
    assert_string_equal(err.id, "interrupted");
    assert_in_range(clock_now().boot - start, 0, 15000);
}

static void
test_connect_time_out(void **state)
{
    static const struct http_options connecting = {.connect_timeout_ms = 300,
                                                   .timeout_ms = 10000};
    static const struct http_options whole = {.connect_timeout_ms = 10000,
                                              .timeout_ms = 300};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    int64_t start = clock_now().boot;
    char url[64];
    int fds[8];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server_full_port(fds));
    assert_int_equal(get(&connecting, url, &response, &err), -1);
    assert_failure(&err, "network", "within 0.3 s");
    assert_true(response.timed_out);
    assert_int_equal(response.step, HTTP_AT_SERVER);
    assert_int_equal(get(&whole, url, &response, &err), -1);
    assert_failure(&err, "network", "within 0.3 s");
    assert_in_range(clock_now().boot - start, 500, 8000);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

static void
test_refused(void **state)
{
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    char url[64], host[64];
    int port = server_closed_port();

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
    snprintf(host, sizeof host, "cannot reach 127.0.0.1:%d: Connection ",
             port);
    assert_int_equal(get(&patient, url, &response, &err), -1);
    assert_failure(&err, "network", host);
    assert_false(response.timed_out);
    assert_int_equal(response.step, HTTP_AT_SERVER);
}

/* A server that speaks no TLS has not understood a thing. */
static void
test_no_tls(void **state)
{
    static const struct server_step steps[] = {
        {SERVER_SEND, "what?\r\n"}, {SERVER_RESET, ""}, {SERVER_SEND, ""}};
    struct server server;
    char url[64];

    (void)state;
    server_start(&server, steps, 3);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", server.port);
    for (int i = 0; i < 3; i++) {
        struct http_response response = HTTP_RESPONSE_INIT;
        struct error err = ERROR_INIT;
        assert_int_equal(get(&patient, url, &response, &err), -1);
        assert_failure(&err, "network", "cannot reach 127.0.0.1:");
    }
    server_stop(&server);
    assert_int_equal(server.served, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_time_out),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_connect_time_out),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_tls),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("http-trouble", tests, ask_begin,
                                       ask_end);
}
