#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/oauth/refresh.h"
#include "tests/lib/room.h"

/* A refresh by ROOM_CLIENT. */
static const char *
refresh_by(enum provider_authentication authentication)
{
    static struct room room;
    static struct token token;
    struct secret old = {(char[]){"rt1"}, 3, 4};
    struct refresh_trouble trouble;

    token = (struct token)TOKEN_INIT;
    room_open(&room, SERVER_SEND,
              JSON("400", "{\"error\":\"invalid_grant\","
                          "\"error_description\":\"s:esame&+% is bad\"}"));
    room_authenticate(&room, authentication);
    assert_int_equal(refresh_exchange(&patient, &room.provider, ROOM_CLIENT,
                                      &old, &token, &trouble, &room.err),
                     OAUTH_INVALID_GRANT);
    room_close(&room);
    assert_null(strstr(room.err.text, "esame"));
    return room_asked(&room);
}

static void
test_client_basic(void **state)
{
    const char *asked = refresh_by(AUTHENTICATION_BASIC);

    (void)state;
    assert_has(asked, room_basic);
    assert_has(asked, "\r\n\r\ngrant_type=refresh_token&refresh_token=rt1");
    assert_null(strstr(asked, "client_id"));
    assert_null(strstr(asked, "client_secret"));
}

static void
test_client_post(void **state)
{
    const char *asked = refresh_by(AUTHENTICATION_POST);

    (void)state;
    assert_null(strstr(asked, "Authorization"));
    assert_has(asked, "&client_secret=s%3Aesame%26%2B%25&client_id=cl+id%3A");
}

static void
test_client_none(void **state)
{
    const char *asked = refresh_by(AUTHENTICATION_NONE);

    (void)state;
    assert_null(strstr(asked, "Authorization"));
    assert_null(strstr(asked, "client_secret"));
    assert_has(asked, "&client_id=cl+id%3A");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_basic),
        cmocka_unit_test(test_client_post),
        cmocka_unit_test(test_client_none),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("client", tests, ask_begin, ask_end);
}
