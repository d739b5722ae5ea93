#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/metadata.h"
#include "tests/lib/ask.h"

static void
test_url(void **state)
{
    static const char *const urls[][2] = {
        {"https://a.example",
         "https://a.example/.well-known/oauth-authorization-server"},
        {"https://a.example/",
         "https://a.example/.well-known/oauth-authorization-server"},
        {"https://A.example:443/Tenant/1",
         "https://a.example/.well-known/oauth-authorization-server/Tenant/1"},
        {"http://[::1]:8080/t/",
         "http://[::1]:8080/.well-known/oauth-authorization-server/t"}};
    char out[METADATA_URL_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_int_equal(metadata_url(urls[i][0], out), 0);
        assert_string_equal(out, urls[i][1]);
    }
    assert_int_equal(metadata_url("a.example", out), -1);
}

/* A provider of the configuration with an issuer alone. */
static struct provider
alone(const char *issuer)
{
    const struct provider_settings s = {.name = (char *)"acme",
                                        .issuer = (char *)issuer};
    struct provider p;

    assert_int_equal(provider_init_settings(&p, &s, NULL), 0);
    return p;
}

static int
take(struct provider *p, const char *text, struct error *err)
{
    cleanup_json struct json *document = NULL;

    *err = (struct error)ERROR_INIT;
    assert_int_equal(json_parse(text, strlen(text), &document, NULL), 0);
    return metadata_take(p, document, err);
}

static void
test_take(void **state)
{
    CLEANUP(provider_release) struct provider p = alone("https://a.example/t");
    struct error err;

    (void)state;
    p.revocation_endpoint = strdup("https://mine.example/r");
    assert_int_equal(
        take(&p,
             "{\"issuer\":\"https://a.example/t\","
             "\"token_endpoint\":\"https://a.example/t/token\","
             "\"device_authorization_endpoint\":\"https://b.example/d?x=1\","
             "\"revocation_endpoint\":\"https://a.example/r\","
             "\"registration_endpoint\":null,\"more\":[1]}",
             &err),
        0);
    assert_string_equal(p.token_endpoint, "https://a.example/t/token");
    assert_string_equal(p.device_authorization_endpoint,
                        "https://b.example/d?x=1");
    assert_null(p.registration_endpoint);
    /* What was configured stays. */
    assert_string_equal(p.revocation_endpoint, "https://mine.example/r");
    assert_string_equal(p.issuer, "https://a.example/t");
}

static void
test_take_refused(void **state)
{
    static const char token[] = "\"token_endpoint\":\"https://a.example/t\"";
    static const char issuer[] = "\"issuer\":\"https://a.example\"";
    static const struct {
        const char *start, *more, *key;
    } bad[] = {
        {token, "", "issuer"},
        {token, ",\"issuer\":\"https://evil.example\"", "issuer"},
        {token, ",\"issuer\":\"https://a.example/\"", "issuer"},
        {token, ",\"issuer\":\"https://A.example\"", "issuer"},
        {token, ",\"issuer\":12", "issuer"},
        {token, ",\"issuer\":[\"https://a.example\"]", "issuer"},
        {issuer, "", "token_endpoint"},
        {issuer, ",\"token_endpoint\":7", "token_endpoint"},
        {issuer, ",\"token_endpoint\":\"\"", "token_endpoint"},
        {issuer, ",\"token_endpoint\":\"http://a.example/t\"",
         "token_endpoint"},
        {issuer, ",\"token_endpoint\":\"http://127.0.0.1:99/t\"",
         "token_endpoint"},
        {issuer, ",\"token_endpoint\":\"file:///etc/passwd\"",
         "token_endpoint"},
        {issuer, ",\"token_endpoint\":\"https://u@a.example/t\"",
         "token_endpoint"},
        {issuer, ",\"token_endpoint\":\"https://a.example/\\nt\"",
         "token_endpoint"},
        {issuer,
         ",\"token_endpoint\":\"https://a.example/t\","
         "\"revocation_endpoint\":\"javascript:alert(1)\"",
         "revocation_endpoint"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CLEANUP(provider_release)
        struct provider p = alone("https://a.example");
        struct error err;
        char text[1024];

        snprintf(text, sizeof text, "{%s%s}", bad[i].start, bad[i].more);
        if (take(&p, text, &err) == 0)
            fail_msg("accepted: %s", text);
        assert_string_equal(err.id, "metadata");
        assert_int_equal(err.failure, FAIL_SERVICE);
        if (!strstr(err.text, bad[i].key))
            fail_msg("\"%s\" lacks %s", err.text, bad[i].key);
        assert_null(p.token_endpoint);
        assert_null(p.revocation_endpoint);
    }
}

static void
test_take_long(void **state)
{
    CLEANUP(provider_release) struct provider p = alone("https://a.example");
    char text[2000];
    struct error err;

    (void)state;
    snprintf(text, sizeof text,
             "{\"issuer\":\"https://a.example\","
             "\"token_endpoint\":\"https://a.example/%01100d\"}",
             0);
    assert_int_equal(take(&p, text, &err), -1);
    assert_null(p.token_endpoint);
}

/* One document, fetched. */
static int
fetch(const char *path, enum server_action action, const char *answer,
      struct provider *p, struct server *server, struct error *err)
{
    const struct server_step step = {action, answer};
    char issuer[128];
    int result;

    *err = (struct error)ERROR_INIT;
    server_start(server, &step, 1);
    snprintf(issuer, sizeof issuer, "%s%s", server->base, path);
    *p = alone(issuer);
    result = metadata_fetch(&patient, p, err);
    server_stop(server);
    return result;
}

static void
test_fetch(void **state)
{
    static struct server server;
    struct provider p;
    struct error err;

    (void)state;
    assert_int_equal(fetch("/t/1", SERVER_SEND,
                           "HTTP/1.1 200 X\r\n\r\n{\"issuer\":\"other\"}", &p,
                           &server, &err),
                     -1);
    assert_string_equal(err.id, "metadata");
    assert_int_equal(
        strncmp(server.request[0],
                "GET /.well-known/oauth-authorization-server/t/1 HTTP/1.1\r\n",
                58),
        0);
    provider_release(&p);
}

static void
test_fetch_trouble(void **state)
{
    static const struct {
        enum server_action action;
        const char *text, *id;
    } bad[] = {
        {SERVER_SEND, "HTTP/1.1 404 X\r\n\r\n{}", "metadata"},
        {SERVER_SEND, "HTTP/1.1 302 X\r\nLocation: https://e.example\r\n\r\n",
         "metadata"},
        {SERVER_SEND, "HTTP/1.1 200 X\r\n\r\n<html>", "json"},
        {SERVER_SEND, "HTTP/1.1 200 X\r\n\r\n", "json"},
        {SERVER_SEND, "HTTP/1.1 200 X\r\n\r\n[]", "json"},
        {SERVER_RESET, "", "lost"},
        {SERVER_FLOOD, "HTTP/1.1 200 X\r\n\r\n", "lost"},
    };
    static struct server server;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct provider p;
        struct error err;

        assert_int_equal(
            fetch("", bad[i].action, bad[i].text, &p, &server, &err), -1);
        assert_string_equal(err.id, bad[i].id);
        assert_null(p.token_endpoint);
        provider_release(&p);
    }
}

/* A megabyte of blanks is no document. */
static void
test_fetch_large(void **state)
{
    static const char head[] = "HTTP/1.1 200 X\r\n\r\n{}";
    static struct server server;
    static char text[METADATA_MAX + 1000];
    struct provider p;
    struct error err;

    (void)state;
    memset(text, ' ', sizeof text - 1);
    memcpy(text, head, strlen(head));
    assert_int_equal(fetch("", SERVER_SEND, text, &p, &server, &err), -1);
    assert_string_equal(err.id, "metadata");
    assert_non_null(strstr(err.text, "more than"));
    provider_release(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_take_refused),
        cmocka_unit_test(test_take_long),
        cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_fetch_trouble),
        cmocka_unit_test(test_fetch_large),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("metadata", tests, ask_begin, ask_end);
}
