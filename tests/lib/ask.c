#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/ask.h"

#include <stdlib.h>
#include <string.h>

const struct http_options patient = {.connect_timeout_ms = 20000,
                                     .timeout_ms = 20000};
const struct http_options hasty = {.connect_timeout_ms = 20000,
                                   .timeout_ms = 300};

int
get(const struct http_options *options, const char *url,
    struct http_response *response, struct error *err)
{
    struct http_request request = {.method = "GET", .url = url};

    return http_send(options, &request, response, err);
}

struct http_response
answer_of(const char *text)
{
    struct server_step step = {SERVER_SEND, text};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;
    struct server server;

    server_start(&server, &step, 1);
    if (get(&patient, server.base, &response, &err) < 0)
        fail_msg("%s: %s", err.id, err.text);
    server_stop(&server);
    return response;
}

void
assert_failure(const struct error *err, const char *id, const char *part)
{
    assert_int_equal(err->failure,
                     strcmp(id, "url") == 0 ? FAIL_INPUT : FAIL_SERVICE);
    if (strcmp(err->id, id) != 0)
        fail_msg("%s instead of %s: %s", err->id, id, err->text);
    if (!strstr(err->text, part))
        fail_msg("\"%s\" lacks \"%s\"", err->text, part);
}

int
ask_begin(void **state)
{
    static const char *const variables[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY",
        "all_proxy",  "no_proxy",    "NO_PROXY"};

    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    return 0;
}

/* Twice is not once too often. */
int
ask_end(void **state)
{
    (void)state;
    http_stop();
    http_stop();
    return 0;
}
