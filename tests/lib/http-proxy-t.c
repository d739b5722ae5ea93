#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/ask.h"

/* The environment's proxy is never asked for this machine itself. */
static void
test_loopback_without_proxy(void **state)
{
    struct http_options options = patient;
    struct http_response response;
    struct server server;
    struct server_step step = {SERVER_SEND, OK_EMPTY};
    char dead[64];

    (void)state;
    snprintf(dead, sizeof dead, "http://127.0.0.1:%d", server_closed_port());
    setenv("http_proxy", dead, 1);
    setenv("ALL_PROXY", dead, 1);
    response = answer_of(OK_EMPTY);
    assert_int_equal(response.status, 200);
    options.proxy = dead;
    server_start(&server, &step, 1);
    assert_int_equal(get(&options, server.base, &response, NULL), 0);
    server_stop(&server);
    http_response_release(&response);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void
test_proxy(void **state)
{
    static const struct server_step refusal = {
        SERVER_SEND, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"};
    static const struct server_step reset = {SERVER_RESET, ""};
    struct http_options options = patient;
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    struct server server;

    (void)state;
    /* From the environment, which is not asked for a name: "invalid" is one
     * that no name server knows. */
    server_start(&server, &refusal, 1);
    setenv("https_proxy", server.base, 1);
    assert_int_equal(get(&patient, "https://a.invalid/", &response, &err), -1);
    server_stop(&server);
    assert_int_equal(
        strncmp(server.request[0], "CONNECT a.invalid:443 HTTP/1.1\r\n", 32),
        0);
    /* The server itself has seen nothing. */
    assert_failure(&err, "network", "a.invalid");
    assert_int_equal(response.status, 0);
    assert_int_equal(response.step, HTTP_AT_PROXY);

    /* "" is no proxy at all. 0.0.0.0 is this machine, but not by name. */
    server_start(&server, &reset, 1);
    options.proxy = "";
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    char url[64];
    snprintf(url, sizeof url, "https://0.0.0.0:%d/", server.port);
    assert_int_equal(get(&options, url, &response, &err), -1);
    server_stop(&server);
    assert_int_equal(server.served, 1);
    assert_int_equal(server.request[0][0], 0x16); /* a ClientHello */
    unsetenv("https_proxy");

    /* From the options. */
    server_start(&server, &refusal, 1);
    options.proxy = server.base;
    assert_int_equal(get(&options, "https://b.invalid/", &response, &err), -1);
    server_stop(&server);
    assert_int_equal(strncmp(server.request[0], "CONNECT b.invalid", 17), 0);
    /* It was reached: what it says is about the way behind it. */
    snprintf(url, sizeof url, "reach b.invalid through the proxy 127.0.0.1:%d",
             server.port);
    assert_failure(&err, "network", url);
}

/* An exchange over https that fails on the way, and how. */
static void
assert_way(const struct http_options *options, const char *url,
           const char *text)
{
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;

    assert_int_equal(get(options, url, &response, &err), -1);
    assert_failure(&err, "network", text);
    assert_null(strstr(err.text, "geheim"));
}

/* Who has to do something about it: whoever runs the proxy, not the host. */
static void
test_proxy_is_named(void **state)
{
    struct http_options options = patient;
    char proxy[128], url[64], text[128];
    int port = server_closed_port(), fds[8];

    (void)state;
    snprintf(text, sizeof text,
             "cannot reach the proxy 127.0.0.1:%d on the way to c.invalid: "
             "Connection refused",
             port);
    snprintf(proxy, sizeof proxy, "http://user:geheim@127.0.0.1:%d/", port);
    options.proxy = proxy;
    assert_way(&options, "https://c.invalid/", text);
    /* Where the ports are the same, too. */
    snprintf(url, sizeof url, "https://c.invalid:%d/", port);
    snprintf(text, sizeof text, "the proxy 127.0.0.1:%d on the way", port);
    assert_way(&options, url, text);
    snprintf(proxy, sizeof proxy, "127.0.0.1:%d", port);
    setenv("HTTPS_PROXY", proxy, 1);
    assert_way(&patient, "https://c.invalid/", text);
    unsetenv("HTTPS_PROXY");
    setenv("all_proxy", proxy, 1);
    assert_way(&patient, "https://c.invalid/", text);

    /* Not asked, because the host is an exception. */
    port = server_closed_port();
    setenv("no_proxy", "0.0.0.0", 1);
    snprintf(url, sizeof url, "https://0.0.0.0:%d/", port);
    snprintf(text, sizeof text, "cannot reach 0.0.0.0:%d: Connection", port);
    assert_way(&patient, url, text);
    unsetenv("no_proxy");
    unsetenv("all_proxy");

    port = server_full_port(fds);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", port);
    snprintf(text, sizeof text,
             "c.invalid through the proxy 127.0.0.1:%d within 0.3 s", port);
    options.connect_timeout_ms = 300;
    assert_way(&options, "https://c.invalid/", text);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

/* No name server is asked for a name that is none. */
static void
test_proxy_without_address(void **state)
{
    struct http_options options = patient;
    char proxy[128];

    (void)state;
    snprintf(proxy, sizeof proxy, "http://%070d.invalid", 0);
    options.proxy = proxy;
    assert_way(&options, "https://c.invalid/",
               ".invalid:1080 on the way to c.invalid: no address is known");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback_without_proxy),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_proxy_is_named),
        cmocka_unit_test(test_proxy_without_address),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("http-proxy", tests, ask_begin,
                                       ask_end);
}
