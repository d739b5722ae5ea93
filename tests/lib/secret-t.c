#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"
#include "tests/lib/trace.h"

static void
test_append(void **state)
{
    CLEANUP(secret_release) struct secret s = SECRET_INIT;

    (void)state;
    assert_true(secret_is_empty(&s));
    assert_string_equal(secret_text(&s), "");
    assert_int_equal(secret_append_text(&s, "ab"), 0);
    assert_int_equal(secret_append(&s, "c\0d", 3), 0);
    assert_int_equal(secret_append(&s, NULL, 0), 0);
    assert_int_equal(s.len, 5);
    assert_memory_equal(s.data, "abc\0d", 6);
    assert_false(secret_is_empty(&s));
    secret_release(&s);
    assert_null(s.data);
    assert_int_equal(s.len, 0);
    secret_release(&s);
    secret_release(NULL);
}

static void
test_append_much(void **state)
{
    CLEANUP(secret_release) struct secret s = SECRET_INIT;

    (void)state;
    for (int i = 0; i < 10000; i++)
        assert_int_equal(secret_append_text(&s, "0123456789"), 0);
    assert_int_equal(s.len, 100000);
    assert_int_equal(strlen(s.data), 100000);
    for (size_t i = 0; i < s.len; i++)
        assert_int_equal(s.data[i], '0' + i % 10);
}

static void
test_reserve(void **state)
{
    CLEANUP(secret_release) struct secret s = SECRET_INIT;

    (void)state;
    assert_int_equal(secret_reserve(&s, 1000), 0);
    assert_true(s.room > 1000);
    assert_string_equal(s.data, "");
    secret_append_text(&s, "abc");
    char *before = s.data;
    assert_int_equal(secret_reserve(&s, 996), 0);
    assert_ptr_equal(s.data, before);
    assert_int_equal(secret_reserve(&s, SIZE_MAX), -1);
    assert_int_equal(secret_reserve(&s, SIZE_MAX - 3), -1);
    assert_int_equal(secret_reserve(&s, SIZE_MAX / 2), -1);
    assert_string_equal(s.data, "abc");
}

static void
test_set(void **state)
{
    CLEANUP(secret_release) struct secret s = SECRET_INIT;

    (void)state;
    assert_int_equal(secret_set(&s, "first", 5), 0);
    assert_int_equal(secret_set(&s, "2nd", 3), 0);
    assert_string_equal(s.data, "2nd");
    /* From itself. */
    assert_int_equal(secret_set(&s, s.data + 1, 2), 0);
    assert_string_equal(s.data, "nd");
    assert_int_equal(secret_set(&s, NULL, 0), 0);
    assert_true(secret_is_empty(&s));
    assert_null(s.data);
}

static void
test_move(void **state)
{
    CLEANUP(secret_release) struct secret a = SECRET_INIT;
    CLEANUP(secret_release) struct secret b = SECRET_INIT;

    (void)state;
    secret_append_text(&a, "a");
    secret_append_text(&b, "b");
    secret_move(&a, &b);
    assert_string_equal(a.data, "b");
    assert_true(secret_is_empty(&b));
    assert_null(b.data);
}

static void
test_equals(void **state)
{
    CLEANUP(secret_release) struct secret s = SECRET_INIT;

    (void)state;
    assert_true(secret_equals(&s, ""));
    assert_false(secret_equals(&s, "a"));
    secret_append_text(&s, "abab");
    assert_true(secret_equals(&s, "abab"));
    assert_false(secret_equals(&s, "abac"));
    assert_false(secret_equals(&s, "bbab"));
    assert_false(secret_equals(&s, "ab"));
    assert_false(secret_equals(&s, "ababab"));
    assert_false(secret_equals(&s, ""));
    secret_append(&s, "\0", 1);
    assert_false(secret_equals(&s, "abab"));
}

/* Fills s with the trace of seed, through a buffer that is wiped. */
static void
fill(struct secret *s, unsigned seed)
{
    char text[201];

    trace_make(text, 200, seed);
    assert_int_equal(secret_set(s, text, 200), 0);
    secret_wipe(text, sizeof text);
}

static const char *program;

/* Nothing is left behind: see main(). */
static void
test_wiped(void **state)
{
    (void)state;
    assert_int_equal(trace_run_alone(program), 0);
}

static void
assert_copies(unsigned seed, int expected)
{
    assert_int_equal(trace_find(200, seed), expected);
}

/* What a run with an argument does. */
static int
run_alone(void)
{
    CLEANUP(secret_release) struct secret s = SECRET_INIT;
    CLEANUP(secret_release) struct secret other = SECRET_INIT;

    fill(&s, 11);
    assert_copies(11, 1);
    /* Growing leaves nothing behind, ... */
    assert_int_equal(secret_reserve(&s, 100000), 0);
    assert_copies(11, 1);
    /* ... nor replacing, ... */
    secret_set(&s, "x", 1);
    assert_copies(11, 0);
    /* ... nor moving, ... */
    fill(&s, 12);
    fill(&other, 13);
    secret_move(&s, &other);
    assert_copies(12, 0);
    assert_copies(13, 1);
    /* ... nor letting go, also of what lies behind len. */
    s.len = 0;
    secret_release(&s);
    assert_copies(13, 0);
    return 0;
}

static void
test_wipe(void **state)
{
    char text[] = "abc";

    (void)state;
    secret_wipe(text, 2);
    assert_memory_equal(text, "\0\0c", 4);
    secret_wipe(NULL, 5);
    secret_wipe(text, 0);
}

/* There in a sanitized build only, which leaves itself traceable. */
extern void __asan_init(void) __attribute__((weak));

static void
test_harden(void **state)
{
    pid_t child;
    int status = -1;

    (void)state;
    if (__asan_init) {
        print_message("# not tried: a sanitized build\n");
        return;
    }
    child = fork();
    if (child == 0) {
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        secret_harden_process();
        _exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),  cmocka_unit_test(test_append_much),
        cmocka_unit_test(test_reserve), cmocka_unit_test(test_set),
        cmocka_unit_test(test_move),    cmocka_unit_test(test_equals),
        cmocka_unit_test(test_wiped),   cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_harden),
    };

    program = argv[0];
    if (argc > 1)
        return run_alone();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
