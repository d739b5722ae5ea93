#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "lib/base/clock.h"

static void
test_now(void **state)
{
    struct moment first = clock_now(), second = clock_now();
    struct timespec boot;

    (void)state;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    assert_true(first.real / 1000 - (int64_t)time(NULL) <= 1);
    assert_true((int64_t)time(NULL) - first.real / 1000 <= 60);
    assert_true(first.boot > 0 && second.boot >= first.boot);
    assert_in_range(first.boot, boot.tv_sec * 1000 - 60000,
                    boot.tv_sec * 1000 + 1000);
}

static void
assert_moment(struct moment when, int64_t real, int64_t boot)
{
    assert_true(when.real == real);
    assert_true(when.boot == boot);
}

static void
test_after(void **state)
{
    (void)state;
    assert_moment(clock_after((struct moment){1000, 50}, 7), 1007, 57);
    assert_moment(clock_after((struct moment){1000, 50}, -7), 993, 43);
    /* A clock that is not known stays so. */
    assert_moment(clock_after((struct moment){0, 50}, 7), 0, 57);
    assert_moment(clock_after((struct moment){1000, 0}, 7), 1007, 0);
    assert_moment(clock_after((struct moment){0, 0}, 7), 0, 0);
}

static void
test_after_never_overflows(void **state)
{
    (void)state;
    assert_moment(clock_after((struct moment){1000, 50}, INT64_MAX), INT64_MAX,
                  INT64_MAX);
    assert_moment(clock_after((struct moment){INT64_MAX, 50}, 1), INT64_MAX,
                  51);
    /* Nor becomes a known clock unknown. */
    assert_moment(clock_after((struct moment){1000, 50}, -1000), 1, 1);
    assert_moment(clock_after((struct moment){1000, 50}, INT64_MIN), 1, 1);
    assert_moment(clock_after((struct moment){-5, -5}, INT64_MIN), 1, 1);
}

static void
test_reached(void **state)
{
    const struct moment now = {1000, 50};

    (void)state;
    assert_true(clock_reached((struct moment){1000, 51}, now));
    assert_true(clock_reached((struct moment){999, 51}, now));
    assert_true(clock_reached((struct moment){1001, 50}, now));
    assert_true(clock_reached((struct moment){0, 50}, now));
    assert_true(clock_reached((struct moment){1000, 0}, now));
    assert_false(clock_reached((struct moment){1001, 51}, now));
    assert_false(clock_reached((struct moment){0, 51}, now));
    assert_false(clock_reached((struct moment){1001, 0}, now));
    assert_false(clock_reached((struct moment){0, 0}, now));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_after_never_overflows),
        cmocka_unit_test(test_reached),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
