#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/url.h"

static void
assert_parsed(const char *text, bool secure, const char *host, int port,
              const char *path)
{
    struct error err = ERROR_INIT;
    struct url url;

    if (url_parse(&url, text, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(url.secure, secure);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_string_equal(url.path, path);
}

static void
test_parse(void **state)
{
    (void)state;
    assert_parsed("https://a.example", true, "a.example", 443, "");
    assert_parsed("HTTPS://A.Example:8443/Path/x?q=1", true, "a.example", 8443,
                  "/Path/x?q=1");
    assert_parsed("http://localhost/", false, "localhost", 80, "/");
    assert_parsed("https://a:443", true, "a", 443, "");
    assert_parsed("https://a:/x", true, "a", 443, "/x");
    assert_parsed("https://a?q", true, "a", 443, "?q");
    assert_parsed("http://[::1]:81/x", false, "[::1]", 81, "/x");
    assert_parsed("https://[2001:DB8::1]", true, "[2001:db8::1]", 443, "");
    assert_parsed("https://1.2.3.4/", true, "1.2.3.4", 443, "/");
}

static void
assert_refused(const char *text)
{
    struct error err = ERROR_INIT;
    struct url url;

    if (url_parse(&url, text, &err) == 0)
        fail_msg("accepted: %s", text);
    assert_int_equal(err.failure, FAIL_INPUT);
    assert_null(strstr(err.text, "sesame"));
    assert_int_equal(url_parse(&url, text, NULL), -1);
}

static void
test_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "a.example",
                                      "//a.example",
                                      "ftp://a",
                                      "httpss://a",
                                      "javascript:alert(1)",
                                      "https:/a",
                                      "https://",
                                      "https:///x",
                                      "https://:443",
                                      "https://?q",
                                      "https://user@a",
                                      "https://sesame:pw@a",
                                      "https://a/@x",
                                      "https://a#part",
                                      "https://a\\b",
                                      "https://a/b\\c",
                                      "https://a b",
                                      "https://a/ ",
                                      " https://a",
                                      "https://a\n",
                                      "https://a/\t",
                                      "https://a/\x7f",
                                      "https://\xc3\xa9",
                                      "https://a/\xe2\x80\xae",
                                      "https://a/<x>",
                                      "https://a/\"",
                                      "https://a:0",
                                      "https://a:65536",
                                      "https://a:99999999999999999999",
                                      "https://a:-1",
                                      "https://a:1x",
                                      "https://a:1:2",
                                      "https://a%2e",
                                      "https://a,b",
                                      "https://[::1",
                                      "https://::1]",
                                      "https://[]",
                                      "https://[::1]x",
                                      "https://[::1%25eth0]",
                                      "https://[g::1]x"};
    char text[URL_TEXT_SIZE + 8] = "https://";

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(bad[i]);
    memset(text + 8, 'a', URL_HOST_SIZE);
    text[8 + URL_HOST_SIZE] = '\0';
    assert_refused(text);
    memset(text + 8, 'a', URL_TEXT_SIZE - 8);
    text[9] = '/';
    text[URL_TEXT_SIZE] = '\0';
    assert_refused(text);
    text[URL_TEXT_SIZE - 1] = '\0';
    struct url url;
    assert_int_equal(url_parse(&url, text, NULL), 0);
}

static bool
loopback(const char *text)
{
    struct url url;

    assert_int_equal(url_parse(&url, text, NULL), 0);
    return url_is_loopback(&url);
}

static void
test_loopback(void **state)
{
    (void)state;
    assert_true(loopback("http://localhost"));
    assert_true(loopback("http://LOCALHOST:1"));
    assert_true(loopback("http://127.0.0.1"));
    assert_true(loopback("http://127.255.255.254:8080/x"));
    assert_true(loopback("http://[::1]"));
    assert_false(loopback("http://localhost.example"));
    assert_false(loopback("http://localhost."));
    assert_false(loopback("http://a.localhost"));
    assert_false(loopback("http://127.0.0.1.example"));
    assert_false(loopback("http://127.1"));
    assert_false(loopback("http://127.0.0"));
    assert_false(loopback("http://127.0.0.1.1"));
    assert_false(loopback("http://127.0.0.256"));
    assert_false(loopback("http://127..0.1"));
    assert_false(loopback("http://127.0.0.1."));
    assert_false(loopback("http://128.0.0.1"));
    assert_false(loopback("http://0.0.0.0"));
    assert_false(loopback("http://10.127.0.1"));
    assert_false(loopback("http://2130706433"));
    assert_false(loopback("http://[::2]"));
    assert_false(loopback("http://[::ffff:7f00:1]"));
}

static void
test_require_safe(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(url_require_safe("https://a.example/x", "u", &err), 0);
    assert_int_equal(url_require_safe("http://127.0.0.1:1", "u", &err), 0);
    assert_int_equal(err.failure, FAIL_NONE);
    assert_int_equal(url_require_safe("http://a.example", "u", &err), -1);
    assert_int_equal(err.failure, FAIL_INPUT);
    assert_non_null(strstr(err.text, "u: "));
    assert_non_null(strstr(err.text, "https"));
    assert_int_equal(url_require_safe("ftp://a", "u", &err), -1);
    assert_int_equal(strncmp(err.text, "u: ", 3), 0);
}

static void
test_origin(void **state)
{
    static const char *const cases[][2] = {
        {"HTTPS://A.b:443/x", "https://a.b"},
        {"https://a.b:80", "https://a.b:80"},
        {"http://localhost:80", "http://localhost"},
        {"http://[::1]:443/", "http://[::1]:443"}};
    char out[URL_ORIGIN_SIZE];
    struct url url;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(url_parse(&url, cases[i][0], NULL), 0);
        url_origin(&url, out);
        assert_string_equal(out, cases[i][1]);
    }
    /* The longest there is fits. */
    char text[URL_HOST_SIZE + 32] = "https://";
    memset(text + 8, 'a', URL_HOST_SIZE - 2);
    strcpy(text + 8 + URL_HOST_SIZE - 2, ":65535");
    assert_int_equal(url_parse(&url, text, NULL), 0);
    url_origin(&url, out);
    assert_string_equal(out, text);
}

static void
test_origin_of_request(void **state)
{
    static const char *const good[][3] = {
        {"https", "api.parallel.ai", "https://api.parallel.ai"},
        {"https", "API.Parallel.ai:443", "https://api.parallel.ai"},
        {"https", "a:8443", "https://a:8443"},
        {"http", "127.0.0.1:80", "http://127.0.0.1"},
        {"http", "[::1]:81", "http://[::1]:81"}};
    static const char *const bad[][2] = {{"http", "api.parallel.ai"},
                                         {"ftp", "a"},
                                         {"", "a"},
                                         {"HTTPS", "a"},
                                         {"https", ""},
                                         {"https", "a/b"},
                                         {"https", "a.evil?"},
                                         {"https", "user@a"},
                                         {"https", "a b"},
                                         {"https", "a:b"},
                                         {"https", "a:0"},
                                         {"https", "a\n"},
                                         {"https", "\xc3\xa9"}};
    char out[URL_ORIGIN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(url_origin_of_request(good[i][0], good[i][1], out),
                         0);
        assert_string_equal(out, good[i][2]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (url_origin_of_request(bad[i][0], bad[i][1], out) == 0)
            fail_msg("accepted: %s %s", bad[i][0], bad[i][1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_require_safe),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_origin_of_request),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
