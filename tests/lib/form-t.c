#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/form.h"

static void
test_form(void **state)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;

    (void)state;
    assert_int_equal(form_add(&form, "a", "b"), 0);
    assert_string_equal(form.data, "a=b");
    assert_int_equal(form_add(&form, "k&=", "x y+z/?#%\n\xc3\xa9"), 0);
    assert_int_equal(form_add(&form, "e", ""), 0);
    assert_int_equal(form_add(&form, "p", "AZaz09*-._~"), 0);
    assert_string_equal(
        form.data,
        "a=b&k%26%3D=x+y%2Bz%2F%3F%23%25%0A%C3%A9&e=&p=AZaz09*-._%7E");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
