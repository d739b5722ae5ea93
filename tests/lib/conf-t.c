#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"
#include "lib/wrap/conf.h"

/* Writes down what it is told: "LINE:[SECTION]KEY=VALUE|". */
static int
note(void *context, const char *section, const char *key, const char *value,
     int line, struct error *err)
{
    char text[512];

    if (strcmp(key, "bad") == 0)
        return error_set(err, FAIL_INPUT, "url", "bad is not known");
    snprintf(text, sizeof text, "%d:[%s]%s=%s|", line, section, key, value);
    secret_append_text(context, text);
    return 0;
}

static void
assert_notes_of(const char *text, size_t len, const char *expected)
{
    CLEANUP(secret_release) struct secret notes = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (conf_parse("a.conf", text, len, note, &notes, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(secret_text(&notes), expected);
}

static void
assert_notes(const char *text, const char *expected)
{
    assert_notes_of(text, strlen(text), expected);
}

/* Parsing fails with a message that starts so, after these notes. */
static void
assert_refused_of(const char *text, size_t len, const char *message,
                  const char *notes_before)
{
    CLEANUP(secret_release) struct secret notes = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (conf_parse("a.conf", text, len, note, &notes, &err) == 0)
        fail_msg("accepted: %s", text);
    assert_int_equal(err.failure, FAIL_INPUT);
    assert_string_equal(err.id, "config");
    if (strncmp(err.text, message, strlen(message)) != 0)
        fail_msg("\"%s\" does not start with \"%s\"", err.text, message);
    assert_string_equal(secret_text(&notes), notes_before);
}

static void
assert_refused(const char *text, const char *message)
{
    assert_refused_of(text, strlen(text), message, "");
}

static void
test_lines(void **state)
{
    (void)state;
    assert_notes("a = b\n\n# note\n; note\nc=d e \n[s]\na=  x\n"
                 "[provider p]\na=y",
                 "1:[]a=b|5:[]c=d e|7:[s]a=x|9:[provider p]a=y|");
    assert_notes("", "");
    assert_notes("\n \n\t\n", "");
    assert_notes("a=\n", "1:[]a=|");
    assert_notes("a=b=c\n", "1:[]a=b=c|");
    assert_notes("url=https://h:1/x\n", "1:[]url=https://h:1/x|");
}

static void
test_comments(void **state)
{
    (void)state;
    assert_notes("a = b ; note\n", "1:[]a=b|");
    assert_notes("a = b;c\n", "1:[]a=b;c|");
    assert_notes("a = b # c\n", "1:[]a=b # c|");
    assert_notes("[s] ; note\na=b\n", "2:[s]a=b|");
    assert_notes("#\xc3\xa9 [x\n;=\na=b\n", "3:[]a=b|");
}

static void
test_line_ends(void **state)
{
    (void)state;
    assert_notes("a=b\r\n\r\n[s]\r\nc=d\r\n", "1:[]a=b|4:[s]c=d|");
    assert_refused("a=b\rc=d\n", "a.conf:1: a control character");
    assert_refused("a=b\r\r\n", "a.conf:1: a control character");
}

static void
test_bom(void **state)
{
    (void)state;
    assert_notes("\xef\xbb\xbf"
                 "a=b\n",
                 "1:[]a=b|");
    assert_notes("\xef\xbb\xbf[s]\na=b\n", "2:[s]a=b|");
    assert_notes("\xef\xbb\xbf", "");
    assert_refused("\xef\xbb\xbf a=b\n", "a.conf:1: the line starts with");
    assert_refused("\xef\xbb\xbf\xef\xbb\xbf = b\n", "a.conf:1: two byte");
    /* Only at the start; elsewhere it is part of a key. */
    assert_notes("a=b\n\xef\xbb\xbf"
                 "c=d\n",
                 "1:[]a=b|2:[]\xef\xbb\xbf"
                 "c=d|");
}

static void
test_continuation(void **state)
{
    (void)state;
    assert_refused_of("a=b\n c\n", 7, "a.conf:2: the line starts with a blank",
                      "1:[]a=b|");
    assert_refused_of("a=b\n\tc=d\n", 9,
                      "a.conf:2: the line starts with a blank", "1:[]a=b|");
    assert_refused(" a=b\n", "a.conf:1: the line starts with a blank");
    assert_refused(" [s]\n", "a.conf:1: the line starts with a blank");
}

static void
test_not_a_key(void **state)
{
    (void)state;
    assert_refused("abc\n", "a.conf:1: not a line of the form key = value");
    assert_refused("abc: d\n", "a.conf:1: not a line of the form");
    assert_refused("a:b = c\n", "a.conf:1: not a line of the form");
    assert_refused("\n\nabc", "a.conf:3: not a line of the form");
    assert_refused("a ;= b\n", "a.conf:1: not a line of the form");
    assert_refused("= b\n", "a.conf:1: a value without a key");
    assert_refused("=\n", "a.conf:1: a value without a key");
}

static void
test_headings(void **state)
{
    (void)state;
    assert_refused("[s\n", "a.conf:1: the section heading does not close");
    assert_refused("[s ;]\n", "a.conf:1:");
    assert_refused("[]\n", "a.conf:1: a section without a name");
    assert_refused("[s] a=b\n",
                   "a.conf:1: something follows the section heading");
    assert_refused("[s]a=b\n", "a.conf:1: something follows");
}

static void
test_lengths(void **state)
{
    char text[512], name[64];

    (void)state;
    memset(text, 'v', sizeof text);
    memcpy(text, "a=", 2);
    memcpy(text + 198, "\nb=c\n", 6);
    CLEANUP(secret_release) struct secret notes = SECRET_INIT;
    assert_int_equal(
        conf_parse("a.conf", text, strlen(text), note, &notes, NULL), 0);
    assert_int_equal(strlen(notes.data), strlen("1:[]a=|2:[]b=c|") + 196);
    memcpy(text + 198, "v\nb=c", 6);
    assert_refused(text, "a.conf:1: the line is longer than 198 bytes");
    text[0] = '#';
    assert_refused(text, "a.conf:1: the line is longer than 198 bytes");

    memset(name, 'n', sizeof name);
    name[49] = '\0';
    snprintf(text, sizeof text, "[%s]\na=b\n", name);
    secret_release(&notes);
    assert_int_equal(
        conf_parse("a.conf", text, strlen(text), note, &notes, NULL), 0);
    assert_non_null(strstr(notes.data, name));
    snprintf(text, sizeof text, "[%sn]\n", name);
    assert_refused(text, "a.conf:1: the section's name is too long");
    snprintf(text, sizeof text, "%sn=b\n", name);
    assert_refused(text, "a.conf:1: the key is too long");
}

static void
test_strange_bytes(void **state)
{
    (void)state;
    assert_refused_of("a=b\0c\n", 6, "a.conf:1: a NUL is in the line", "");
    assert_refused_of("#\0\n", 3, "a.conf:1: a NUL is in the line", "");
    assert_refused("a=\x1b[2J\n", "a.conf:1: a control character");
    assert_refused("a=\x7f\n", "a.conf:1: a control character");
    assert_notes("a=b\tc\n", "1:[]a=b\tc|");
}

static void
test_duplicate(void **state)
{
    (void)state;
    assert_refused_of("a=1\nb=2\na=3\n", 12,
                      "a.conf:3: a is set a second time", "1:[]a=1|2:[]b=2|");
    assert_refused_of("[s]\na=1\n[t]\na=2\n[s]\na=3\n", 24,
                      "a.conf:6: a is set a second time",
                      "2:[s]a=1|4:[t]a=2|");
    assert_notes("a=1\nA=2\naa=3\n[a]\na=4\n",
                 "1:[]a=1|2:[]A=2|3:[]aa=3|5:[a]a=4|");
}

static void
test_handler(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    /* Nothing is handed on after the handler refused. */
    assert_refused_of("a=1\nbad=2\nc=3\n", 14, "a.conf:2: bad is not known",
                      "1:[]a=1|");
    assert_int_equal(conf_parse("x\033.conf", "abc\n", 4, note, NULL, &err),
                     -1);
    assert_int_equal(strncmp(err.text, "x?.conf:1: ", 11), 0);
    assert_int_equal(conf_parse("a", "abc\n", 4, note, NULL, NULL), -1);
    assert_int_equal(conf_parse("a", "bad=1\n", 6, note, NULL, NULL), -1);
}

static void
test_by_length(void **state)
{
    (void)state;
    assert_notes_of("a=b\ntrash", 4, "1:[]a=b|");
    assert_notes_of("a=bcd", 3, "1:[]a=b|");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),         cmocka_unit_test(test_comments),
        cmocka_unit_test(test_line_ends),     cmocka_unit_test(test_bom),
        cmocka_unit_test(test_continuation),  cmocka_unit_test(test_not_a_key),
        cmocka_unit_test(test_headings),      cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_strange_bytes), cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_handler),       cmocka_unit_test(test_by_length),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
