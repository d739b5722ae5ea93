#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/text.h"

/* text of len bytes is cleaned to expected. */
static void
assert_cleaned_of(const char *text, size_t len, const char *expected)
{
    char out[128];

    memset(out, 'X', sizeof out);
    assert_int_equal(text_clean(out, sizeof out, text, len), strlen(expected));
    assert_string_equal(out, expected);
}

static void
assert_cleaned(const char *text, const char *expected)
{
    assert_cleaned_of(text, strlen(text), expected);
}

static void
test_clean_keeps(void **state)
{
    (void)state;
    assert_cleaned("", "");
    assert_cleaned(" plain ~ text", " plain ~ text");
    assert_cleaned("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                   "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_cleaned("\xc2\xa0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
                   "\xc2\xa0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void
test_clean_controls(void **state)
{
    (void)state;
    assert_cleaned("a\x1b[2J\x07\t\r\nb\x7f", "a?[2J????b?");
    assert_cleaned_of("a\0b", 3, "a?b");
    assert_cleaned("\xc2\x80\xc2\x9b\xc2\x9f", "???"); /* C1 */
    for (char c = 1; c < ' '; c++) {
        char text[] = {c, '\0'};
        assert_cleaned(text, "?");
    }
}

static void
test_clean_bidi(void **state)
{
    static const char *const marks[] = {
        "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
        "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"};

    (void)state;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        assert_cleaned(marks[i], "?");
}

static void
test_clean_malformed(void **state)
{
    (void)state;
    assert_cleaned("\xff\xfe", "??");
    assert_cleaned("a\x80z", "a?z");
    assert_cleaned("\xc0\xaf", "??");           /* overlong */
    assert_cleaned("\xc1\x9b", "??");           /* overlong ESC's kin */
    assert_cleaned("\xe0\x80\x9b", "???");      /* overlong */
    assert_cleaned("\xe0\x9f\xbf", "???");      /* overlong */
    assert_cleaned("\xf0\x80\x80\x9b", "????"); /* overlong */
    assert_cleaned("\xed\xa0\x80", "???");      /* surrogate */
    assert_cleaned("\xf4\x90\x80\x80", "????"); /* beyond Unicode */
    assert_cleaned("\xf8\x88\x80\x80\x80", "?????");
    assert_cleaned("\xc3", "?"); /* cut off */
    assert_cleaned("\xe2\x82", "??");
    assert_cleaned("\xf0\x9f\x98", "???");
    assert_cleaned("\xc3"
                   "a",
                   "?a");
    assert_cleaned_of("\xe2\x82\xac", 2, "??");
}

static void
test_clean_cuts(void **state)
{
    char out[8];

    (void)state;
    assert_int_equal(text_clean(out, 4, "abcdef", 6), 3);
    assert_string_equal(out, "abc");
    /* Never half a character. */
    assert_int_equal(text_clean(out, 4, "ab\xc3\xa9", 4), 2);
    assert_string_equal(out, "ab");
    assert_int_equal(text_clean(out, 5, "ab\xc3\xa9", 4), 4);
    assert_int_equal(text_clean(out, 1, "abc", 3), 0);
    assert_string_equal(out, "");
    out[0] = 'X';
    assert_int_equal(text_clean(out, 0, "abc", 3), 0);
    assert_int_equal(out[0], 'X');
}

static void
test_show(void **state)
{
    char out[8];

    (void)state;
    assert_ptr_equal(text_show(out, sizeof out, "a\nb"), out);
    assert_string_equal(out, "a?b");
    assert_string_equal(text_show(out, sizeof out, NULL), "");
    assert_string_equal(text_show(out, sizeof out, "0123456789"), "0123456");
}

static void
test_to_number(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "-1",
                                      "+1",
                                      "1 ",
                                      " 1",
                                      "0x1",
                                      "1.0",
                                      "1e3",
                                      "a",
                                      "99999999999999999999"};
    int64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (text_to_number(bad[i], INT64_MAX, &number) == 0)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(text_to_number("101", 100, &number), -1);
    assert_int_equal(text_to_number("9223372036854775808", INT64_MAX, &number),
                     -1);
    assert_int_equal(text_to_number("5", 3, &number), -1);
    assert_int_equal(number, 7);
    assert_int_equal(text_to_number("100", 100, &number), 0);
    assert_int_equal(number, 100);
    assert_int_equal(text_to_number("000", 0, &number), 0);
    assert_int_equal(number, 0);
    assert_int_equal(text_to_number("9223372036854775807", INT64_MAX, &number),
                     0);
    assert_true(number == INT64_MAX);
}

static void
test_from_number(void **state)
{
    char out[TEXT_NUMBER_SIZE];

    (void)state;
    assert_string_equal(text_from_number(out, 0), "0");
    assert_string_equal(text_from_number(out, 1203), "1203");
    assert_string_equal(text_from_number(out, -45), "-45");
    assert_string_equal(text_from_number(out, INT64_MAX),
                        "9223372036854775807");
    assert_string_equal(text_from_number(out, INT64_MIN),
                        "-9223372036854775808");
}

static void
test_put(void **state)
{
    char out[8];
    size_t used = text_put(out, sizeof out, 0, "ab");

    (void)state;
    assert_int_equal(used, 2);
    assert_string_equal(out, "ab");
    used = text_put_number(out, sizeof out, used, -12);
    assert_int_equal(used, 5);
    assert_string_equal(out, "ab-12");
    /* What does not fit is cut off. */
    used = text_put(out, sizeof out, used, "cdef");
    assert_int_equal(used, 7);
    assert_string_equal(out, "ab-12cd");
    assert_int_equal(text_put_number(out, sizeof out, used, 345), 7);
    assert_string_equal(out, "ab-12cd");
    assert_int_equal(text_put(out, 1, 0, "x"), 0);
    assert_string_equal(out, "");
    out[0] = 'X';
    assert_int_equal(text_put(out, 0, 0, "x"), 0);
    assert_int_equal(out[0], 'X');
}

static void
test_starts_with(void **state)
{
    (void)state;
    assert_true(text_starts_with("abc", "ab"));
    assert_true(text_starts_with("abc", ""));
    assert_true(text_starts_with("abc", "abc"));
    assert_false(text_starts_with("abc", "abcd"));
    assert_false(text_starts_with("abc", "b"));
    assert_false(text_starts_with("", "a"));
}

static void
test_has_any(void **state)
{
    (void)state;
    assert_true(text_has_any("a\nb", "\r\n"));
    assert_true(text_has_any("\r", "\r\n"));
    assert_true(text_has_any("ab=", "=\r\n"));
    assert_false(text_has_any("ab", "\r\n"));
    assert_false(text_has_any("", "\r\n"));
    assert_false(text_has_any("ab", ""));
}

static void
test_has_word(void **state)
{
    (void)state;
    assert_true(text_has_word("keys:read apps:read", "keys:read"));
    assert_true(text_has_word("keys:read  apps:read", "apps:read"));
    assert_true(text_has_word(" a ", "a"));
    assert_false(text_has_word("keys:read", "keys"));
    assert_false(text_has_word("keys", "keys:read"));
    assert_false(text_has_word("", "a"));
    assert_false(text_has_word("a b", ""));
    assert_false(text_has_word("a b", "a b"));
}

static void
test_hex(void **state)
{
    (void)state;
    assert_int_equal(text_hex_byte("00"), 0);
    assert_int_equal(text_hex_byte("7fx"), 0x7f);
    assert_int_equal(text_hex_byte("aFx"), 0xaf);
    assert_int_equal(text_hex_byte("Ff"), 0xff);
    assert_int_equal(text_hex_byte(""), -1);
    assert_int_equal(text_hex_byte("4"), -1);
    assert_int_equal(text_hex_byte("4g"), -1);
    assert_int_equal(text_hex_byte("@4"), -1);
    assert_int_equal(text_hex_byte("\x10\x11"), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_clean_keeps),
        cmocka_unit_test(test_clean_controls),
        cmocka_unit_test(test_clean_bidi),
        cmocka_unit_test(test_clean_malformed),
        cmocka_unit_test(test_clean_cuts),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_to_number),
        cmocka_unit_test(test_from_number),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_starts_with),
        cmocka_unit_test(test_has_any),
        cmocka_unit_test(test_has_word),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
