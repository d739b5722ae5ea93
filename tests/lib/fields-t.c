#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fields.h"

/* Parses a copy of text (kept in *copy); the items, as "key=value|...". */
static int
parse(const char *text, size_t len, bool crlf, struct secret *copy,
      struct secret *shown, size_t *used, struct error *err)
{
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;

    secret_set(copy, text, len);
    secret_reserve(copy, 1);
    if (fields_parse(&f, copy->data, len, crlf, used, err) < 0) {
        assert_int_equal(f.count, 0);
        return -1;
    }
    secret_release(shown);
    for (size_t i = 0; i < f.count; i++) {
        secret_append_text(shown, f.item[i].key);
        secret_append_text(shown, "=");
        secret_append_text(shown, f.item[i].value);
        secret_append_text(shown, "|");
    }
    return 0;
}

static void
assert_parsed(const char *text, bool crlf, const char *expected, size_t rest)
{
    CLEANUP(secret_release) struct secret copy = SECRET_INIT;
    CLEANUP(secret_release) struct secret shown = SECRET_INIT;
    struct error err = ERROR_INIT;
    size_t used = 0;

    if (parse(text, strlen(text), crlf, &copy, &shown, &used, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(secret_text(&shown), expected);
    assert_int_equal(strlen(text) - used, rest);
}

static void
test_parse(void **state)
{
    (void)state;
    assert_parsed("", false, "", 0);
    assert_parsed("a=b\n\n", false, "a=b|", 0);
    assert_parsed("a=b\nc=\nd==e=\n\n", false, "a=b|c=|d==e=|", 0);
    assert_parsed(" a = b \n\n", false, " a = b |", 0);
    /* The end of the text is the end of the block. */
    assert_parsed("a=b\nc=d", false, "a=b|c=d|", 0);
    assert_parsed("a=b\n", false, "a=b|", 0);
    /* The next block is not touched. */
    assert_parsed("a=b\n\nc=d\n\n", false, "a=b|", 5);
    assert_parsed("\na=b\n", false, "", 4);
}

static void
test_parse_crlf(void **state)
{
    (void)state;
    assert_parsed("a=b\r\nc=\r\n\r\nx=y\r\n", true, "a=b|c=|", 5);
    assert_parsed("a=b\nc=d\n\n", true, "a=b|c=d|", 0);
    assert_parsed("a=b\r", true, "a=b|", 0);
    assert_parsed("\r\n", true, "", 0);
}

static void
assert_refused_of(const char *text, size_t len, bool crlf, const char *part)
{
    CLEANUP(secret_release) struct secret copy = SECRET_INIT;
    CLEANUP(secret_release) struct secret shown = SECRET_INIT;
    struct error err = ERROR_INIT;

    if (parse(text, len, crlf, &copy, &shown, NULL, &err) == 0)
        fail_msg("accepted: %.200s", text);
    assert_int_equal(err.failure, FAIL_INPUT);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" lacks \"%s\"", err.text, part);
    assert_null(strstr(err.text, "sesame"));
}

static void
assert_refused(const char *text, bool crlf, const char *part)
{
    assert_refused_of(text, strlen(text), crlf, part);
}

static void
test_refused(void **state)
{
    (void)state;
    assert_refused("sesame\n", false, "line 1 is not of the form");
    assert_refused("a=b\nsesame", false, "line 2 is not of the form");
    assert_refused("=sesame\n", false, "line 1 is not of the form");
    assert_refused("=\n", false, "line 1");
    assert_refused(" \n", false, "line 1");
    assert_refused_of("a=b\nc=\0sesame\n", 14, false, "line 2 has a NUL");
    assert_refused_of("a\0=b\n", 5, false, "line 1 has a NUL");
    assert_refused_of("a=b\n\0\n", 6, false, "line 2");
}

/* A carriage return is half a line's end, and to some readers a whole. */
static void
test_carriage_return(void **state)
{
    (void)state;
    assert_refused("a=b\rhost=evil\n", true, "line 1 has a carriage return");
    assert_refused("a=b\rhost=evil\n", false, "line 1 has a carriage return");
    assert_refused("a=b\r\r\n", true, "line 1 has a carriage return");
    assert_refused("a=b\r\n", false, "line 1 has a carriage return");
    assert_refused("x=y\na\r=b\n", true, "line 2 has a carriage return");
}

/* A block of lines of line_len bytes each, without their ends. */
static void
fill(struct secret *text, size_t lines, size_t line_len)
{
    secret_release(text);
    for (size_t i = 0; i < lines; i++) {
        size_t start = text->len;
        assert_int_equal(secret_reserve(text, line_len + 1), 0);
        memset(text->data + start, 'v', line_len);
        memcpy(text->data + start, "k=", 2);
        text->data[start + line_len] = '\n';
        text->len += line_len + 1;
        text->data[text->len] = '\0';
    }
}

static void
test_limits(void **state)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(secret_release) struct secret copy = SECRET_INIT;
    CLEANUP(secret_release) struct secret shown = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    fill(&text, 1, FIELDS_LINE_MAX);
    assert_int_equal(
        parse(text.data, text.len, false, &copy, &shown, NULL, &err), 0);
    fill(&text, 1, FIELDS_LINE_MAX + 1);
    assert_refused_of(text.data, text.len, false, "line 1 is longer than");
    fill(&text, 16, 65535);
    assert_int_equal(text.len, FIELDS_BLOCK_MAX);
    assert_int_equal(
        parse(text.data, text.len, false, &copy, &shown, NULL, &err), 0);
    secret_append_text(&text, "a");
    assert_refused_of(text.data, text.len, false, "1048576 bytes");
}

static void
test_get(void **state)
{
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    char text[] = "a=1\nb=2\na=3\nc=\n\n", wrong[] = "x";

    (void)state;
    assert_int_equal(fields_parse(&f, text, strlen(text), false, NULL, NULL),
                     0);
    assert_string_equal(fields_get(&f, "a"), "3");
    assert_string_equal(fields_get(&f, "b"), "2");
    assert_string_equal(fields_get(&f, "c"), "");
    assert_null(fields_get(&f, "d"));
    assert_null(fields_get(&f, ""));
    assert_string_equal(fields_text(&f, "a"), "3");
    assert_string_equal(fields_text(&f, "d"), "");
    /* What was there before is dropped, also by a failure. */
    assert_int_equal(fields_parse(&f, wrong, strlen(wrong), false, NULL, NULL),
                     -1);
    assert_null(fields_get(&f, "a"));
}

static void
test_number(void **state)
{
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    char text[] = "a=17\nb=17x\nc=\nd=-1\ne=2305843009213693951\n"
                  "f=2305843009213693952\n\n";

    (void)state;
    assert_int_equal(fields_parse(&f, text, strlen(text), false, NULL, NULL),
                     0);
    assert_int_equal(fields_number(&f, "a"), 17);
    assert_int_equal(fields_number(&f, "b"), 0);
    assert_int_equal(fields_number(&f, "c"), 0);
    assert_int_equal(fields_number(&f, "d"), 0);
    assert_int_equal(fields_number(&f, "e"), INT64_MAX / 4);
    assert_int_equal(fields_number(&f, "f"), 0);
    assert_int_equal(fields_number(&f, "g"), 0);
}

static void
test_list(void **state)
{
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    char text[] = "l[]=1\nl[]=2\nm[]=x\nl=5\nl[]=\nl[]=3\nm[]=y\nl[]=4\n"
                  "n[]=z\nn[]=\n\n";
    size_t at = 0;

    (void)state;
    assert_int_equal(fields_parse(&f, text, strlen(text), false, NULL, NULL),
                     0);
    /* An empty value starts it anew. */
    assert_string_equal(fields_next(&f, "l[]", &at), "3");
    assert_string_equal(fields_next(&f, "l[]", &at), "4");
    assert_null(fields_next(&f, "l[]", &at));
    assert_null(fields_next(&f, "l[]", &at));
    at = 0;
    assert_string_equal(fields_next(&f, "m[]", &at), "x");
    assert_string_equal(fields_next(&f, "m[]", &at), "y");
    assert_null(fields_next(&f, "m[]", &at));
    at = 0;
    assert_null(fields_next(&f, "n[]", &at));
    at = 0;
    assert_null(fields_next(&f, "o[]", &at));
    assert_true(fields_has(&f, "l[]", "4"));
    assert_false(fields_has(&f, "l[]", "1"));
    assert_false(fields_has(&f, "l[]", "5"));
    assert_false(fields_has(&f, "n[]", "z"));
    assert_string_equal(fields_get(&f, "l"), "5");
}

static void
test_put(void **state)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    CLEANUP(secret_release) struct secret large = SECRET_INIT;

    (void)state;
    assert_int_equal(fields_put(&block, "a", "b=c"), 0);
    assert_int_equal(fields_put(&block, "l[]", ""), 0);
    assert_int_equal(fields_put_number(&block, "n", -12), 0);
    assert_int_equal(fields_put(&block, "", "x"), -1);
    assert_int_equal(fields_put(&block, "k=", "x"), -1);
    assert_int_equal(fields_put(&block, "k\n", "x"), -1);
    assert_int_equal(fields_put(&block, "k\r", "x"), -1);
    assert_int_equal(fields_put(&block, "k", "x\nhost=evil"), -1);
    assert_int_equal(fields_put(&block, "k", "x\rhost=evil"), -1);
    assert_int_equal(fields_put(&block, "k", "x\r"), -1);
    secret_reserve(&large, FIELDS_LINE_MAX);
    memset(large.data, 'v', FIELDS_LINE_MAX - 1);
    large.data[FIELDS_LINE_MAX - 1] = '\0';
    assert_int_equal(fields_put(&block, "k", large.data), -1);
    assert_int_equal(fields_end(&block), 0);
    assert_string_equal(block.data, "a=b=c\nl[]=\nn=-12\n\n");
    large.data[FIELDS_LINE_MAX - 2] = '\0';
    assert_int_equal(fields_put(&block, "k", large.data), 0);
}

/* Feeds text to fields_read() through a pipe, in pieces of step bytes. */
static int
read_pieces(struct fields *f, const char *text, size_t len, size_t step,
            struct error *err)
{
    int fds[2], result, status;
    pid_t child;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        close(fds[0]);
        for (size_t at = 0; at < len; at += step)
            if (write(fds[1], text + at, len - at < step ? len - at : step) <
                0)
                break;
        _exit(0);
    }
    close(fds[1]);
    result = fields_read(f, fds[0], err);
    close(fds[0]);
    waitpid(child, &status, 0);
    return result;
}

static void
test_read(void **state)
{
    static const char text[] = "a=1\r\nb=2\n\r\nc=3\n\nd";
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t step = 1; step < sizeof text; step++) {
        if (read_pieces(&f, text, sizeof text - 1, step, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(f.count, 2);
        assert_string_equal(fields_get(&f, "a"), "1");
        assert_string_equal(fields_get(&f, "b"), "2");
    }
    assert_int_equal(read_pieces(&f, "", 0, 1, &err), 0);
    assert_int_equal(f.count, 0);
    assert_int_equal(read_pieces(&f, "a=1", 3, 1, &err), 0);
    assert_string_equal(fields_get(&f, "a"), "1");
    assert_int_equal(read_pieces(&f, "a=1\nbad\n\n", 9, 2, &err), -1);
    assert_string_equal(err.text, "line 2 is not of the form key=value");
    assert_int_equal(f.count, 0);
    assert_int_equal(fields_read(&f, -1, &err), -1);
}

/* The blank line ends the reading, although more could come. */
static void
test_read_stops(void **state)
{
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    int fds[2];

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(write(fds[1], "a=1\n\n", 5), 5);
    alarm(20); /* would wait for ever */
    assert_int_equal(fields_read(&f, fds[0], NULL), 0);
    alarm(0);
    assert_string_equal(fields_get(&f, "a"), "1");
    close(fds[0]);
    close(fds[1]);
}

static void
test_read_limits(void **state)
{
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    fill(&text, 15, 65535);
    secret_append_text(&text, "\n");
    assert_int_equal(read_pieces(&f, text.data, text.len, 4096, &err), 0);
    assert_int_equal(f.count, 15);
    fill(&text, 20, 65535);
    assert_int_equal(read_pieces(&f, text.data, text.len, 65536, &err), -1);
    assert_non_null(strstr(err.text, "1048576 bytes"));
}

/* Who sends too much and does not end is not waited for. */
static void
test_read_endless(void **state)
{
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    struct error err = ERROR_INIT;
    static char piece[4096];
    int fds[2];
    pid_t child;

    (void)state;
    memset(piece, 'x', sizeof piece);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        for (int i = 0; i < 300; i++)
            if (write(fds[1], piece, sizeof piece) < 0)
                break;
        pause();
    }
    alarm(30); /* would wait for ever */
    assert_int_equal(fields_read(&f, fds[0], &err), -1);
    alarm(0);
    assert_non_null(strstr(err.text, "1048576 bytes"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(fds[0]);
    close(fds[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_crlf),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_carriage_return),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_stops),
        cmocka_unit_test(test_read_limits),
        cmocka_unit_test(test_read_endless),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
