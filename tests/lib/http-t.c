#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "tests/lib/ask.h"
#include "tests/lib/trace.h"

/* How often part is in text. */
static int
count_of(const char *text, const char *part)
{
    int count = 0;

    while ((text = strcasestr(text, part))) {
        count++;
        text += strlen(part);
    }
    return count;
}

static void
test_post(void **state)
{
    static const struct server_step step = {
        SERVER_SEND, "HTTP/1.1 401 No\r\nContent-Type: application/json\r\n"
                     "Content-Length: 11\r\n\r\n{\"a\": \"b\"}\n"};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct secret body = {(char[]){"a=b&c=d"}, 7, 8};
    struct secret bearer = {(char[]){"tok.en"}, 6, 7};
    struct http_request request = {.method = "POST",
                                   .content_type = "text/x-test",
                                   .body = &body,
                                   .bearer = &bearer};
    struct server server;
    char url[128];

    (void)state;
    server_start(&server, &step, 1);
    snprintf(url, sizeof url, "%s/some/path?q=1", server.base);
    request.url = url;
    assert_int_equal(http_send(&patient, &request, &response, NULL), 0);
    server_stop(&server);
    assert_int_equal(response.status, 401);
    assert_string_equal(response.body.data, "{\"a\": \"b\"}\n");
    http_response_release(&response);

    const char *asked = server.request[0];
    assert_int_equal(strncmp(asked, "POST /some/path?q=1 HTTP/1.1\r\n", 30),
                     0);
    assert_non_null(strstr(asked, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(asked, "\r\nContent-Type: text/x-test\r\n"));
    assert_non_null(strstr(asked, "\r\nAuthorization: Bearer tok.en\r\n"));
    assert_non_null(strstr(asked, "\r\nUser-Agent: parallel-credential/"));
    assert_non_null(strstr(asked, "\r\nContent-Length: 7\r\n"));
    assert_string_equal(strstr(asked, "\r\n\r\n"), "\r\n\r\na=b&c=d");
    assert_int_equal(count_of(asked, "Authorization:"), 1);
    assert_int_equal(count_of(asked, "Accept:"), 1);
    assert_int_equal(count_of(asked, "Expect:"), 0);
    assert_int_equal(count_of(asked, "Cookie"), 0);
}

static void
test_large_post(void **state)
{
    static const struct server_step step = {SERVER_SEND, OK_EMPTY};
    struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(secret_release) struct secret body = SECRET_INIT;
    struct http_request request = {
        .method = "POST", .content_type = "text/plain", .body = &body};
    struct server server;

    (void)state;
    assert_int_equal(secret_reserve(&body, 2 << 20), 0);
    memset(body.data, 'x', 2 << 20);
    body.len = 2 << 20;
    server_start(&server, &step, 1);
    request.url = server.base;
    /* The server reads its beginning alone: how that ends is all the same. */
    http_send(&patient, &request, &response, NULL);
    http_response_release(&response);
    server_stop(&server);
    assert_non_null(strstr(server.request[0], "Content-Length: 2097152"));
    assert_int_equal(count_of(server.request[0], "Expect:"), 0);
}

static void
test_methods(void **state)
{
    static const struct server_step step = {SERVER_SEND, OK_EMPTY};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct http_request request = {.method = "GET"};
    struct server server;

    (void)state;
    server_start(&server, &step, 1);
    request.url = server.base;
    assert_int_equal(http_send(&patient, &request, &response, NULL), 0);
    request.method = "DELETE";
    assert_int_equal(http_send(&patient, &request, &response, NULL), 0);
    request.method = "POST";
    assert_int_equal(http_send(&patient, &request, &response, NULL), 0);
    http_response_release(&response);
    server_stop(&server);
    assert_int_equal(strncmp(server.request[0], "GET / HTTP/1.1\r\n", 16), 0);
    assert_int_equal(count_of(server.request[0], "Content-"), 0);
    assert_int_equal(strncmp(server.request[1], "DELETE / ", 9), 0);
    assert_int_equal(count_of(server.request[1], "Content-"), 0);
    assert_int_equal(strncmp(server.request[2], "POST / ", 7), 0);
    assert_int_equal(count_of(server.request[2], "Content-Type"), 0);
    assert_int_equal(count_of(server.request[2], "Content-Length: 0\r\n"), 1);
}

static void
test_basic(void **state)
{
    static const struct server_step step = {SERVER_SEND, OK_EMPTY};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct secret password = {(char[]){"p:w"}, 3, 4};
    struct http_request request = {
        .method = "GET", .basic_user = "us%3Aer", .basic_password = &password};
    struct server server;

    (void)state;
    server_start(&server, &step, 1);
    request.url = server.base;
    assert_int_equal(http_send(&patient, &request, &response, NULL), 0);
    http_response_release(&response);
    server_stop(&server);
    /* us%3Aer:p:w */
    assert_non_null(strstr(server.request[0],
                           "\r\nAuthorization: Basic dXMlM0FlcjpwOnc=\r\n"));
}

static void
test_retry_after(void **state)
{
    static const struct {
        const char *header;
        int64_t seconds;
    } cases[] = {
        {"", -1},
        {"Retry-After: 0\r\n", 0},
        {"Retry-After: 120\r\n", 120},
        {"Retry-After: 99999999999999999999\r\n", 366 * 24 * 3600},
        {"Retry-After: -5\r\n", -1},
        {"Retry-After: soon\r\n", -1},
        {"Retry-After:\r\n", -1},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n",
         120},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 08:49:00 GMT\r\n",
         0},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
         "Retry-After: Sat, 06 Nov 2094 08:49:37 GMT\r\n",
         366 * 24 * 3600},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "HTTP/1.1 503 Busy\r\n%sContent-Length: 0\r\n\r\n",
                 cases[i].header);
        struct http_response response = answer_of(text);
        assert_int_equal(response.status, 503);
        if (response.retry_after_s != cases[i].seconds)
            fail_msg("%lld from %s", (long long)response.retry_after_s,
                     cases[i].header);
        http_response_release(&response);
    }
}

static void
test_date(void **state)
{
    struct http_response with =
        answer_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                  "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    struct http_response without =
        answer_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct http_response garbage = answer_of(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: today\r\n\r\n");

    (void)state;
    assert_int_equal(with.date, 784111777);
    assert_int_equal(without.date, 0);
    assert_int_equal(garbage.date, 0);
    assert_true(secret_is_empty(&with.body));
    http_response_release(&with);
    http_response_release(&without);
    http_response_release(&garbage);
}

/* A redirect is an answer; nobody goes there. */
static void
test_redirect(void **state)
{
    static const struct server_step there = {SERVER_SEND, OK_EMPTY};
    struct server elsewhere;
    char text[256];

    (void)state;
    server_start(&elsewhere, &there, 1);
    snprintf(text, sizeof text,
             "HTTP/1.1 301 Moved\r\nLocation: %s/\r\n"
             "Content-Length: 0\r\n\r\n",
             elsewhere.base);
    struct http_response response = answer_of(text);
    assert_int_equal(response.status, 301);
    http_response_release(&response);
    server_stop(&elsewhere);
    assert_int_equal(elsewhere.served, 0);
}

static void
test_statuses(void **state)
{
    struct http_response early =
        answer_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n"
                  "Retry-After: 7\r\n\r\n" OK_EMPTY);
    struct http_response html =
        answer_of("HTTP/1.0 502 Bad\r\nContent-Type: text/html\r\n\r\n<html>");
    struct http_response none = answer_of("HTTP/1.1 204 Nothing\r\n\r\n");
    struct http_response chunks =
        answer_of(OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
                          "1\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n");

    (void)state;
    assert_int_equal(early.status, 200);
    assert_int_equal(early.retry_after_s, -1);
    assert_string_equal(early.body.data, "{}");
    assert_int_equal(html.status, 502);
    assert_string_equal(html.body.data, "<html>");
    assert_int_equal(none.status, 204);
    assert_string_equal(chunks.body.data, "{}");
    http_response_release(&chunks);
    http_response_release(&early);
    http_response_release(&html);
    http_response_release(&none);
}

static void
test_old_response(void **state)
{
    struct http_response response = answer_of(OK_EMPTY);

    (void)state;
    assert_int_equal(get(&patient, "http://example.com", &response, NULL), -1);
    assert_int_equal(response.status, 0);
    assert_true(secret_is_empty(&response.body));
    assert_int_equal(response.retry_after_s, -1);
}

static void
test_unsafe(void **state)
{
    static const char *const unsafe[] = {"http://example.com",
                                         "ftp://127.0.0.1/",
                                         "file:///etc/passwd",
                                         "http://user:pw@127.0.0.1/",
                                         "http://127.0.0.1/\r\nX: y",
                                         "http://127.0.0.1.example.com/",
                                         "http://127.0.0.1\\@evil.com",
                                         "gopher://127.0.0.1",
                                         "127.0.0.1",
                                         ""};

    (void)state;
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        struct http_response response = HTTP_RESPONSE_INIT;
        struct error err = ERROR_INIT;
        if (get(&patient, unsafe[i], &response, &err) == 0)
            fail_msg("sent: %s", unsafe[i]);
        assert_failure(&err, "url", "");
        assert_null(strstr(err.text, "pw"));
    }
}

/* A token cannot bring a header of its own. */
static void
test_bearer_injection(void **state)
{
    static const struct server_step step = {SERVER_SEND, OK_EMPTY};
    static const char *const bad[] = {"a\r\nX: y", "a\nb", "a b", "a\x7f"};
    struct server server;

    (void)state;
    server_start(&server, &step, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CLEANUP(secret_release) struct secret bearer = SECRET_INIT;
        struct http_response response = HTTP_RESPONSE_INIT;
        struct error err = ERROR_INIT;
        struct http_request request = {
            .method = "GET", .url = server.base, .bearer = &bearer};
        secret_set(&bearer, bad[i], strlen(bad[i]));
        assert_int_equal(http_send(&patient, &request, &response, &err), -1);
        assert_failure(&err, "url", "character");
    }
    server_stop(&server);
    assert_int_equal(server.served, 0);
}

static void
test_netrc(void **state)
{
    static const struct server_step step = {SERVER_SEND, OK_EMPTY};
    char home[] = "/tmp/http-t.XXXXXX", path[64];
    char *before = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    struct http_response response = HTTP_RESPONSE_INIT;
    struct server server;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/.netrc", home);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs("machine 127.0.0.1 login l password p\n"
          "default login l password p\n",
          file);
    fclose(file);
    setenv("HOME", home, 1);
    server_start(&server, &step, 1);
    assert_int_equal(get(&patient, server.base, &response, NULL), 0);
    server_stop(&server);
    http_response_release(&response);
    assert_int_equal(count_of(server.request[0], "Authorization"), 0);
    if (before)
        setenv("HOME", before, 1);
    free(before);
    unlink(path);
    rmdir(home);
}

static volatile sig_atomic_t piped;

static void
note_pipe(int number)
{
    (void)number;
    piped = 1;
}

/* SIGPIPE is nobody's business during a call, and as before after it. */
static void
test_sigpipe(void **state)
{
    struct sigaction action = {.sa_handler = note_pipe}, now;
    struct http_response response;

    (void)state;
    sigaction(SIGPIPE, &action, NULL);
    response = answer_of(OK_EMPTY);
    http_response_release(&response);
    sigaction(SIGPIPE, NULL, &now);
    assert_ptr_equal(now.sa_handler, note_pipe);
    assert_int_equal(piped, 0);
    signal(SIGPIPE, SIG_DFL);
}

/* An exchange whose bearer, body and answer are the traces 2, 3 and 4; all is
 * released at the end. */
static void
exchange_traces(void)
{
    static char text[1024];
    static const char head[] = OK_HEAD "Set-Cookie: a=b\r\n\r\n";
    struct server_step step = {SERVER_SEND, text};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct secret body = SECRET_INIT, bearer = SECRET_INIT;
    struct http_request request = {.method = "POST",
                                   .content_type = "text/plain",
                                   .body = &body,
                                   .bearer = &bearer};
    static struct server server;
    char token[201];

    trace_make(token, 200, 2);
    secret_set(&bearer, token, 200);
    trace_make(token, 200, 3);
    secret_append(&body, token, 200);
    strcpy(text, head);
    trace_make(text + strlen(head), 200, 4);
    secret_wipe(token, sizeof token);
    server_start(&server, &step, 1);
    request.url = server.base;
    assert_int_equal(http_send(&patient, &request, &response, NULL), 0);
    server_stop(&server);
    assert_non_null(strstr(server.request[0], body.data));
    assert_non_null(strstr(server.request[0], bearer.data));
    assert_int_equal(response.body.len, 200);
    secret_wipe(&server, sizeof server);
    secret_wipe(text, sizeof text);
    secret_release(&bearer);
    assert_true(trace_find(200, 3) >= 1);
    secret_release(&body);
    assert_true(trace_find(200, 4) >= 1);
    http_response_release(&response);
}

static const char *program;

/* Nothing of request or answer is left in memory: see main(). */
static void
test_wiped(void **state)
{
    (void)state;
    assert_int_equal(trace_run_alone(program), 0);
}

/* What a run with an argument does: how many copies are left. */
static int
run_alone(void)
{
    exchange_traces();
    return trace_find(200, 2) + trace_find(200, 3) + trace_find(200, 4);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_large_post),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_basic),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_old_response),
        cmocka_unit_test(test_unsafe),
        cmocka_unit_test(test_bearer_injection),
        cmocka_unit_test(test_netrc),
        cmocka_unit_test(test_sigpipe),
        cmocka_unit_test(test_wiped),
    };

    program = argv[0];
    if (argc > 1)
        return run_alone();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("http", tests, ask_begin, ask_end);
}
