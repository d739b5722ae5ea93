#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/wrap/json.h"
#include "lib/wrap/json_text.h"
#include "tests/lib/trace.h"

static struct json *
parsed(const char *text)
{
    struct error err = ERROR_INIT;
    struct json *json = NULL;

    if (json_parse(text, strlen(text), &json, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return json;
}

/* Parsing text fails, and the message has part. */
static void
assert_refused(const char *text, size_t len, const char *part)
{
    struct error err = ERROR_INIT;
    struct json *json = (struct json *)&err;

    if (json_parse(text, len, &json, &err) == 0)
        fail_msg("accepted: %s", text);
    assert_ptr_equal(json, &err);
    assert_int_equal(err.failure, FAIL_SERVICE);
    assert_string_equal(err.id, "json");
    if (!strstr(err.text, part))
        fail_msg("\"%s\" lacks \"%s\"", err.text, part);
}

static void
refuse(const char *text, const char *part)
{
    assert_refused(text, strlen(text), part);
}

static void
test_object_only(void **state)
{
    (void)state;
    json_free(parsed(" \r\n\t{} \r\n\t"));
    refuse("", "not JSON (byte 1)");
    refuse("   ", "not JSON");
    refuse("[]", "not an object");
    refuse("\"text\"", "not an object");
    refuse("null", "not an object");
    refuse("<html></html>", "not JSON (byte 1)");
    refuse("{\"a\":1", "not JSON (byte 7)");
    refuse("{\"a\":tru}", "not JSON");
}

static void
test_nothing_behind(void **state)
{
    (void)state;
    refuse("{} {}", "not JSON (byte 4)");
    refuse("{}x", "not JSON (byte 3)");
    refuse("{}\v", "not JSON (byte 3)");
}

static void
test_strict(void **state)
{
    (void)state;
    refuse("{\"a\":1,}", "not JSON");
    refuse("{\"a\":1 /* note */}", "not JSON");
    refuse("{\"a\":True}", "not JSON");
}

static void
test_depth(void **state)
{
    char text[512] = "";

    (void)state;
    for (int i = 0; i < 32; i++)
        strcat(text, "{\"a\":");
    strcpy(strrchr(text, '{'), "{");
    for (int i = 0; i < 32; i++)
        strcat(text, "}");
    json_free(parsed(text));

    text[0] = '\0';
    for (int i = 0; i < 33; i++)
        strcat(text, "{\"a\":");
    strcpy(strrchr(text, '{'), "{");
    for (int i = 0; i < 33; i++)
        strcat(text, "}");
    refuse(text, "not JSON");
}

static void
test_by_length(void **state)
{
    struct error err = ERROR_INIT;
    struct json *json = NULL;

    (void)state;
    assert_int_equal(json_parse("{\"a\":1}trash", 7, &json, &err), 0);
    json_free(json);
}

static void
test_nul(void **state)
{
    (void)state;
    assert_refused("{\"a\":\"b\0c\"}", 11, "NUL");
    assert_refused("{\"a\":1}\0", 8, "NUL");
    refuse("{\"a\":\"b\\u0000c\"}", "NUL");
    refuse("{\"access_token\\u0000x\":\"b\"}", "NUL");
    refuse("{\"a\":\"\\\\\\u0000\"}", "NUL");
    struct json *json = parsed("{\"a\":\"\\\\u0000\"}");
    assert_string_equal(json_text(json, "a"), "\\u0000");
    json_free(json);
}

static void
test_half(void **state)
{
    static const struct {
        const char *text;
        bool half;
    } cases[] = {{"", false},
                 {"{\"a\":\"\\ud83d\\udc33\\uD83D\\uDC33\"}", false},
                 {"{\"a\":\"\\\\ud800\"}", false},
                 {"{\"a\":\"\\u0041\\ue000\\ud7ff\"}", false},
                 {"{\"a\":\"\\ud800\"}", true},
                 {"{\"a\":\"\\uDFFF\"}", true},
                 {"{\"\\udc00\":1}", true},
                 {"{\"a\":\"\\\\\\ud800\"}", true},
                 {"{\"a\":\"\\ud800x\"}", true},
                 {"{\"a\":\"\\ud800\\u0041\"}", true},
                 {"{\"a\":\"\\udc33\\ud83d\"}", true},
                 {"{\"a\":\"\\ud800\\ud800\\udc00\"}", true},
                 {"\\ud800", true},
                 {"\\ud80", false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (json_text_has_half(cases[i].text, strlen(cases[i].text)) !=
            cases[i].half)
            fail_msg("%s", cases[i].text);
}

static void
test_utf8(void **state)
{
    struct json *json =
        parsed("{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\","
               "\"b\":\"\\u00e9\\ud83d\\ude00\\ud800\"}");

    (void)state;
    assert_string_equal(json_text(json, "a"),
                        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_string_equal(json_text(json, "b"),
                        "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd");
    json_free(json);
    refuse("{\"a\":\"\xff\"}", "not UTF-8 (byte 7)");
    refuse("{\"a\":\"\xc3\"}", "not UTF-8");
    refuse("{\"a\":\"\xc0\xaf\"}", "not UTF-8");         /* overlong */
    refuse("{\"a\":\"\xe0\x80\xaf\"}", "not UTF-8");     /* overlong */
    refuse("{\"a\":\"\xf0\x80\x80\xaf\"}", "not UTF-8"); /* overlong */
    refuse("{\"a\":\"\xed\xa0\x80\"}", "not UTF-8");     /* surrogate */
    refuse("{\"a\":\"\xf4\x90\x80\x80\"}", "not UTF-8"); /* too large */
    refuse("{\"a\":1}\xe2\x82", "not UTF-8");            /* cut off */
}

static void
test_no_echo(void **state)
{
    struct error err = ERROR_INIT;
    struct json *json = NULL;

    (void)state;
    assert_int_equal(json_parse("{\"t\":\"sesame\"", 13, &json, &err), -1);
    assert_null(strstr(err.text, "sesame"));
    assert_int_equal(json_parse("sesame", 6, &json, NULL), -1);
}

static void
test_members(void **state)
{
    struct json *json =
        parsed("{\"text\":\"t\",\"none\":null,\"number\":1,\"yes\":true,"
               "\"no\":false,\"object\":{\"a\":\"b\"},\"array\":[1,\"x\",{}],"
               "\"empty\":\"\"}");

    (void)state;
    assert_string_equal(json_text(json, "text"), "t");
    assert_string_equal(json_text(json, "empty"), "");
    assert_null(json_text(json, "none"));
    assert_null(json_text(json, "number"));
    assert_null(json_text(json, "missing"));
    assert_null(json_text(NULL, "text"));
    assert_null(json_text(json_array_at(json, "array"), "text"));
    assert_string_equal(json_text(json_object_at(json, "object"), "a"), "b");
    assert_null(json_object_at(json, "array"));
    assert_null(json_array_at(json, "object"));
    assert_true(json_true(json, "yes"));
    assert_false(json_true(json, "no"));
    assert_false(json_true(json, "number"));
    assert_false(json_true(json, "text"));
    assert_false(json_true(json, "missing"));
    assert_true(json_has(json, "no"));
    assert_false(json_has(json, "none"));
    assert_false(json_has(json, "missing"));
    assert_false(json_has(NULL, "no"));
    json_free(json);
}

static void
test_array(void **state)
{
    struct json *json = parsed("{\"a\":[1,\"x\",{\"k\":\"v\"},null,[]]}");
    const struct json *array = json_array_at(json, "a");

    (void)state;
    assert_int_equal(json_size(array), 5);
    assert_int_equal(json_size(json), 0);
    assert_int_equal(json_size(NULL), 0);
    assert_null(json_element_text(array, 0));
    assert_string_equal(json_element_text(array, 1), "x");
    assert_null(json_element(array, 1));
    assert_string_equal(json_text(json_element(array, 2), "k"), "v");
    assert_null(json_element_text(array, 2));
    assert_null(json_element(array, 3));
    assert_null(json_element(array, 4));
    assert_null(json_element(array, 5));
    assert_null(json_element_text(array, 99));
    json_free(json);
}

/* value is read as expected. */
static void
assert_number(const char *value, int64_t expected)
{
    char text[128];
    int64_t number = 77;
    struct json *json;

    snprintf(text, sizeof text, "{\"n\":%s}", value);
    json = parsed(text);
    if (!json_number(json, "n", &number))
        fail_msg("%s is no number", value);
    if (number != expected)
        fail_msg("%s is %lld", value, (long long)number);
    json_free(json);
}

static void
assert_no_number(const char *value)
{
    char text[128];
    int64_t number = 77;
    struct json *json;

    snprintf(text, sizeof text, "{\"n\":%s}", value);
    json = parsed(text);
    if (json_number(json, "n", &number))
        fail_msg("%s is the number %lld", value, (long long)number);
    assert_int_equal(number, 77);
    json_free(json);
}

static void
test_number(void **state)
{
    const int64_t limit = 1000000000000000;
    int64_t number = 77;

    (void)state;
    assert_number("0", 0);
    assert_number("600", 600);
    assert_number("-3", -3);
    assert_number("600.9", 600);
    assert_number("-600.9", -600);
    assert_number("6e2", 600);
    assert_number("\"600\"", 600);
    assert_number("\"-600\"", -600);
    assert_number("\"+600\"", 600);
    assert_number("1000000000000000", limit);
    assert_number("1000000000000001", limit);
    assert_number("9223372036854775807", limit);
    assert_number("18446744073709551615", limit);
    assert_number("99999999999999999999999999", limit);
    assert_number("-9223372036854775808", -limit);
    assert_number("-99999999999999999999999999", -limit);
    assert_number("1e18", limit);
    assert_number("-1e18", -limit);
    assert_number("1e999", limit);
    assert_number("\"99999999999999999999999999\"", limit);
    assert_number("\"-99999999999999999999999999\"", -limit);
    assert_no_number("NaN");
    assert_no_number("null");
    assert_no_number("true");
    assert_no_number("[]");
    assert_no_number("{}");
    assert_no_number("\"\"");
    assert_no_number("\"-\"");
    assert_no_number("\"6 \"");
    assert_no_number("\"6.5\"");
    assert_no_number("\"--6\"");
    assert_no_number("\"ten\"");
    assert_false(json_number(NULL, "n", &number));
    assert_int_equal(number, 77);
}

static void
test_keys(void **state)
{
    struct json *json = parsed("{\"b\":1,\"a\":null,\"c\":{}}");
    size_t at = 0;

    (void)state;
    assert_string_equal(json_next_key(json, &at), "b");
    assert_string_equal(json_next_key(json, &at), "a");
    assert_string_equal(json_next_key(json, &at), "c");
    assert_null(json_next_key(json, &at));
    assert_null(json_next_key(json, &at));
    json_free(json);
    at = 0;
    assert_null(json_next_key(NULL, &at));
}

static struct json *
built(void)
{
    struct json *json = json_new_object(), *inner, *array;

    json_put_text(json, "text", "a/b \"q\" \\ \n\t\x1b\x7f \xc3\xa9");
    json_put_text(json, "none", NULL);
    json_put_null(json, "null");
    json_put_number(json, "number", -9007199254740993);
    json_put_bool(json, "yes", true);
    json_put_bool(json, "no", false);
    inner = json_put_object(json, "object");
    json_put_text(inner, "k", "v");
    json_put_object(json, "hollow");
    array = json_put_array(json, "array");
    json_append_text(array, "one");
    json_append_text(array, NULL);
    json_put_number(json_append_object(array), "n", 1);
    json_put_array(json, "void");
    return json;
}

static void
test_write(void **state)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct json *json = built();

    (void)state;
    assert_int_equal(json_write(json, false, &out), 0);
    assert_string_equal(
        out.data,
        "{\"text\":\"a/b \\\"q\\\" \\\\ \\n\\t\\u001b\\u007f \xc3\xa9\","
        "\"none\":null,\"null\":null,\"number\":-9007199254740993,"
        "\"yes\":true,\"no\":false,\"object\":{\"k\":\"v\"},\"hollow\":{},"
        "\"array\":[\"one\",null,{\"n\":1}],\"void\":[]}\n");
    json_free(json);
}

static void
test_write_pretty(void **state)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct json *json = json_new_object(), *array;

    (void)state;
    json_put_text(json, "a", "b");
    array = json_put_array(json, "list");
    json_put_number(json_append_object(array), "n", 1);
    json_put_object(json, "hollow");
    assert_int_equal(json_write(json, true, &out), 0);
    assert_string_equal(out.data, "{\n"
                                  "  \"a\": \"b\",\n"
                                  "  \"list\": [\n"
                                  "    {\n"
                                  "      \"n\": 1\n"
                                  "    }\n"
                                  "  ],\n"
                                  "  \"hollow\": {}\n"
                                  "}\n");
    json_free(json);
}

static void
test_round_trip(void **state)
{
    CLEANUP(secret_release) struct secret first = SECRET_INIT;
    CLEANUP(secret_release) struct secret second = SECRET_INIT;
    struct json *json = built(), *again;

    (void)state;
    assert_int_equal(json_write(json, true, &first), 0);
    again = parsed(first.data);
    assert_int_equal(json_write(again, true, &second), 0);
    assert_string_equal(first.data, second.data);
    json_free(json);
    json_free(again);
}

static void
test_replace(void **state)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct json *json = json_new_object();

    (void)state;
    json_put_text(json, "a", "old");
    json_put_text(json, "a", "new");
    secret_set(&out, "before", 6);
    assert_int_equal(json_write(json, false, &out), 0);
    assert_string_equal(out.data, "{\"a\":\"new\"}\n");
    json_free(json);
}

static void
test_not_utf8(void **state)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct json *json = json_new_object();

    (void)state;
    json_put_text(json, "a", "x\xff\xc0\xafy");
    assert_int_equal(json_write(json, false, &out), 0);
    assert_string_equal(out.data, "{\"a\":\"x???y\"}\n");
    json_free(json);
}

static void
test_broken(void **state)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct json *json = json_new_object(), *array;

    (void)state;
    assert_int_equal(json_write(NULL, false, &out), -1);
    /* What goes into the wrong kind of value is lost, and that shows. */
    array = json_put_array(json, "array");
    json_put_text(array, "a", "b");
    secret_set(&out, "before", 6);
    assert_int_equal(json_write(json, false, &out), -1);
    assert_string_equal(out.data, "before");
    json_free(json);
    json_put_text(NULL, "a", "b");
    json_append_text(NULL, "a");
    assert_null(json_put_object(NULL, "a"));
    json_free(NULL);
}

/* The text of an object with the trace as a member, and a longer one that
 * makes a parser's buffer grow. (Not on the heap, whose holes it would fill.)
 */
static char text[10000];

static void
make_text(void)
{
    size_t used = (size_t)sprintf(text, "{\"a\":\"short\",\"token\":\"");

    trace_make(text + used, 200, 1);
    used += 200;
    used += (size_t)sprintf(text + used, "\",\"after\":\"");
    memset(text + used, 'x', 8000);
    strcpy(text + used + 8000, "\"}");
}

static const char *program;

/* A token leaves no more copies than there have to be: see main(). */
static void
test_wiped(void **state)
{
    (void)state;
    assert_int_equal(trace_run_alone(program), 0);
}

static void
assert_copies(int expected)
{
    assert_int_equal(trace_find(200, 1), expected);
}

/* What a run with an argument does. */
static int
run_alone(void)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    struct json *json = NULL;

    make_text();
    assert_int_equal(json_parse(text, strlen(text), &json, NULL), 0);
    assert_copies(2);
    json_put_text(json, "copy", json_text(json, "token"));
    assert_copies(3);
    json_put_text(json, "copy", "replaced");
    assert_copies(2);
    assert_int_equal(json_write(json, true, &out), 0);
    assert_copies(3);
    secret_release(&out);
    json_free(json);
    assert_copies(1);
    /* Without its end it is no longer JSON. */
    assert_int_equal(json_parse(text, strlen(text) - 1, &json, NULL), -1);
    assert_copies(1);
    secret_wipe(text, sizeof text);
    assert_copies(0);
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object_only),
        cmocka_unit_test(test_nothing_behind),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_by_length),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_no_echo),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_pretty),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_wiped),
    };

    program = argv[0];
    if (argc > 1)
        return run_alone();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
