#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/other.h"

#define NOW 1000000

/* The block of lines, in memory of its own. */
static void
block_of(struct fields *block, const char *lines)
{
    struct error err = ERROR_INIT;

    *block = (struct fields)FIELDS_INIT;
    secret_set(&block->text, lines, strlen(lines));
    secret_reserve(&block->text, 1);
    if (fields_parse(block, block->text.data, block->text.len, false, NULL,
                     &err) < 0)
        fail_msg("%s", err.text);
}

static int
request_of(struct other_request *request, const char *lines)
{
    CLEANUP(fields_release) struct fields block;

    block_of(&block, lines);
    return other_request_git(request, &block);
}

static void
assert_key(const char *lines, const char *key)
{
    CLEANUP(other_request_release) struct other_request request = {0};

    assert_int_equal(request_of(&request, lines), 0);
    assert_string_equal(secret_text(&request.key), key);
}

static void
assert_no_address(const char *lines)
{
    CLEANUP(other_request_release) struct other_request request = {0};

    assert_int_equal(request_of(&request, lines), -1);
}

static void
test_key(void **state)
{
    (void)state;
    assert_key("protocol=https\nhost=h:80\n", "any-host:https://h:80");
    assert_key("protocol=https\nhost=h\npath=a/b\n", "any-host:https://h/a/b");
    assert_key("protocol=https\nhost=h\npath=\n", "any-host:https://h");
    assert_key("protocol=cert\nhost=\npath=etc/k\n", "any-host:cert:///etc/k");
    /* No host is like another one's host with a path. */
    assert_key("protocol=https\nhost=h/a\n", "any-host:https://h%2fa");
    assert_key("protocol=s://h\nhost=x\n", "any-host:s%3a%2f%2fh://x");
    assert_key("protocol=https\nhost=h\npath=%2f\xc3\xa9\t\n",
               "any-host:https://h/%252f%c3%a9%09");
    assert_no_address("protocol=https\n");
    assert_no_address("host=h\n");
    assert_no_address("protocol=https\nhost=\n");
}

static bool
matches(const char *lines, const struct other *other, bool with_secret)
{
    CLEANUP(other_request_release) struct other_request request = {0};

    assert_int_equal(request_of(&request, lines), 0);
    return other_match(&request, other, with_secret);
}

#define AT_H "protocol=https\nhost=h\n"

static void
test_match(void **state)
{
    const struct other plain = {
        "any-host:https://h", "me", "pw", "", "", 0, 0};
    const struct other deep = {"any-host:https://h/a", "", "", "", "", 0, 0};
    const struct other bearer = {
        "any-host:https://h", "", "pw", "", "Bearer", 0, 0};

    (void)state;
    assert_true(matches(AT_H, &plain, true));
    assert_true(matches(AT_H, &deep, true));
    assert_false(matches("protocol=https\nhost=h2\n", &plain, true));
    assert_false(matches("protocol=http\nhost=h\n", &plain, true));
    assert_false(matches("protocol=https\nhost=h:443\n", &plain, true));
    assert_true(matches(AT_H "path=a\n", &deep, true));
    assert_false(matches(AT_H "path=a\n", &plain, true));
    assert_false(matches(AT_H "path=a/b\n", &deep, true));
    assert_false(matches(AT_H "path=\n",
                         &(struct other){.key = "any-host:https://host",
                                         .user = "",
                                         .secret = ""},
                         true));
    assert_true(matches(AT_H "username=me\n", &plain, true));
    assert_false(matches(AT_H "username=\n", &plain, true));
    assert_true(matches(AT_H "username=\n", &deep, true));
    assert_true(matches(AT_H "password=pw\n", &plain, true));
    assert_false(matches(AT_H "password=pw2\n", &plain, true));
    assert_true(matches(AT_H "password=pw2\n", &plain, false));
    assert_false(matches(AT_H "password=\n", &plain, true));
    assert_false(matches(AT_H "password=pw\n", &bearer, true));
    assert_true(
        matches(AT_H "authtype=Bearer\ncredential=pw\n", &bearer, true));
    assert_false(
        matches(AT_H "authtype=Bearer\ncredential=pw\n", &plain, true));
}

static void
test_better(void **state)
{
    struct other older = {"any-host:https://h", "a", "1", "", "", 0, 10};
    struct other newer = {"any-host:https://h", "b", "2", "", "", 0, 20};
    const struct other deep = {
        "any-host:https://h/p", "c", "3", "", "", 0, 30};
    const struct other none = {.key = NULL};
    CLEANUP(other_request_release) struct other_request request = {0};

    (void)state;
    assert_int_equal(request_of(&request, AT_H), 0);
    assert_true(other_is_better(&request, &older, &none, NOW));
    assert_true(other_is_better(&request, &newer, &older, NOW));
    assert_false(other_is_better(&request, &older, &newer, NOW));
    assert_false(other_is_better(&request, &deep, &older, NOW));
    assert_true(other_is_better(&request, &older, &deep, NOW));
    newer.expires = NOW;
    assert_false(other_is_better(&request, &newer, &none, NOW));
    newer.refresh = "r";
    assert_true(other_is_better(&request, &newer, &none, NOW));
    assert_false(other_is_better(&request, &newer, &older, NOW));
    older.authtype = "Bearer";
    assert_false(other_is_better(&request, &older, &none, NOW));
    request.bearing = true;
    assert_true(other_is_better(&request, &older, &none, NOW));
}

static void
assert_answer(const char *lines, const struct other *other,
              const char *expected)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;

    assert_int_equal(request_of(&request, lines), 0);
    assert_int_equal(other_answer_git(&answer, &request, other, NOW), 0);
    assert_string_equal(secret_text(&answer), expected);
}

static void
test_answer(void **state)
{
    struct other o = {"any-host:https://h", "m%c3%a9", "p%25", "", "", 0, 0};

    (void)state;
    assert_answer(AT_H, &o, "username=m\xc3\xa9\npassword=p%\n\n");
    o.expires = NOW + 5000;
    o.refresh = "r";
    assert_answer(AT_H, &o,
                  "username=m\xc3\xa9\npassword=p%\npassword_expiry_utc=1005\n"
                  "oauth_refresh_token=r\n\n");
    o.expires = NOW;
    assert_answer(AT_H, &o, "oauth_refresh_token=r\n\n");
    o.refresh = "";
    assert_answer(AT_H, &o, "");
    o = (struct other){"any-host:https://h", "", "t", "", "Bearer", 0, 0};
    assert_answer(AT_H, &o, "");
    assert_answer(AT_H "capability[]=authtype\n", &o,
                  "capability[]=authtype\nauthtype=Bearer\ncredential=t\n\n");
}

static void
test_answer_damaged(void **state)
{
    static const char *const texts[] = {"%", "%4", "%zz", "a%00b", "a%0ab"};
    struct other o = {"any-host:https://h", "me", "", "", "", 0, 0};
    CLEANUP(other_request_release) struct other_request request = {0};

    (void)state;
    assert_int_equal(request_of(&request, AT_H), 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CLEANUP(secret_release) struct secret answer = SECRET_INIT;

        o.secret = texts[i];
        assert_int_equal(other_answer_git(&answer, &request, &o, NOW), -1);
    }
}

static void
test_docker(void **state)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(other_request_release) struct other_request nowhere = {0};
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    struct other told;

    (void)state;
    assert_int_equal(other_request_docker(&request, "quay.io/\xc3\xa9"), 0);
    assert_int_equal(other_request_view(&request, &told), -1);
    assert_int_equal(
        other_request_tell(&request, "a\"b\\c\x01\x7f", "<\xc3\xa9%\n>"), 0);
    assert_int_equal(other_request_view(&request, &told), 0);
    assert_string_equal(told.key, "docker:quay.io/%c3%a9");
    assert_int_equal(other_answer_docker(&answer, &told), 0);
    assert_string_equal(secret_text(&answer),
                        "{\"ServerURL\":\"quay.io/\xc3\xa9\","
                        "\"Username\":\"a\\\"b\\\\c\\u0001\\u007f\","
                        "\"Secret\":\"<\xc3\xa9%\\u000a>\"}\n");
    assert_int_equal(other_request_docker(&nowhere, ""), -1);
}

static void
assert_kept(const char *lines, bool kept)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    struct other told;

    assert_int_equal(request_of(&request, lines), 0);
    assert_int_equal(other_request_view(&request, &told), kept ? 0 : -1);
}

static void
test_view(void **state)
{
    (void)state;
    assert_kept(AT_H "username=u\npassword=p\n", true);
    assert_kept(AT_H "username=\npassword=\n", true);
    assert_kept(AT_H "password=p\n", false);
    assert_kept(AT_H "username=u\n", false);
    assert_kept(AT_H "authtype=Bearer\ncredential=c\n", true);
    assert_kept(AT_H "credential=c\n", false);
    assert_kept(AT_H "username=u\npassword=p\nephemeral=1\n", false);
    assert_kept(AT_H "username=u\npassword=p\nephemeral=0\n", true);
}

static void
test_block(void **state)
{
    const struct other before = {
        "any-host:https://h", "u", "", "", "Basic", NOW, 7};
    struct other refreshed = before, after;
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    CLEANUP(fields_release) struct fields brief = FIELDS_INIT;

    (void)state;
    assert_int_equal(other_put_block(&text, &before), 0);
    block_of(&block, text.data);
    assert_int_equal(other_read_block(&after, &block), 0);
    assert_true(other_equals(&before, &after));
    assert_int_equal(after.stored, 7);
    refreshed.refresh = "spoon";
    refreshed.secret = "fork";
    secret_release(&text);
    assert_int_equal(other_put_block(&text, &refreshed), 0);
    assert_null(strstr(text.data, "spoon"));
    assert_null(strstr(text.data, "fork"));
    block_of(&brief, text.data);
    assert_int_equal(other_read_block(&after, &brief), 0);
    assert_null(after.secret);
    assert_false(other_equals(&after, &after));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_better),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_answer_damaged),
        cmocka_unit_test(test_docker),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_block),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("other", tests, NULL, NULL);
}
