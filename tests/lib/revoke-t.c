#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/oauth/revoke.h"
#include "tests/lib/room.h"

static enum oauth_result
give_back(struct room *room, const char *text)
{
    struct secret token = {(char[]){"rt1+sesame"}, 10, 11};
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    result = revoke_refresh_token(&patient, &room->provider, "c", &token,
                                  &room->err);
    room_close(room);
    assert_null(strstr(room->err.text, "sesame"));
    return result;
}

static void
test_revoke(void **state)
{
    static const char *const good[] = {
        JSON("200", "{}"),
        JSON("200", ""),
        "HTTP/1.1 204 X\r\n\r\n",
        HTML("200"),
        JSON("200", "[1]"),
        JSON("400", "{\"error\":\"invalid_grant\"}")};
    static struct room room;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (give_back(&room, good[i]) != OAUTH_OK)
            fail_msg("%s: %s", good[i], room.err.text);
        assert_string_equal(room.err.text, "");
    }
    assert_starts(room_asked(&room),
                  "POST /getServiceKeys/token/revoke HTTP/1.1\r\n");
    assert_string_equal(room_body(&room), "refresh_token=rt1%2Bsesame");
    assert_null(strstr(room_asked(&room), "Authorization"));
}

static void
test_revoke_trouble(void **state)
{
    struct secret token = {(char[]){"rt1"}, 3, 4};
    static struct room room;

    (void)state;
    assert_int_equal(give_back(&room, HTML("503")), OAUTH_FAILED);
    assert_error(&room.err, FAIL_SERVICE, "status", "503");
    assert_int_equal(
        give_back(&room, JSON("400", "{\"error\":\"invalid_request\"}")),
        OAUTH_REFUSED);
    room_open(&room, SERVER_SEND, JSON("500", ""));
    room.provider.revocation = REVOCATION_NONE;
    assert_int_equal(
        revoke_refresh_token(&patient, &room.provider, "c", &token, &room.err),
        OAUTH_OK);
    room_close(&room);
    assert_int_equal(room.server.served, 0);
}

static enum oauth_result
give_back_rfc7009(struct room *room, const char *text)
{
    struct secret token = {(char[]){"rt1+sesame"}, 10, 11};
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    room->provider.revocation = REVOCATION_RFC7009;
    room_authenticate(room, AUTHENTICATION_BASIC);
    result = revoke_refresh_token(&patient, &room->provider, ROOM_CLIENT,
                                  &token, &room->err);
    room_close(room);
    return result;
}

static void
test_revoke_rfc7009(void **state)
{
    struct secret access = {(char[]){"at"}, 2, 3};
    static struct room room;

    (void)state;
    assert_int_equal(give_back_rfc7009(&room, "HTTP/1.1 200 X\r\n\r\n"),
                     OAUTH_OK);
    assert_string_equal(room_body(&room),
                        "token=rt1%2Bsesame&token_type_hint=refresh_token");
    assert_has(room_asked(&room), room_basic);
    room_open(&room, SERVER_SEND, "HTTP/1.1 200 X\r\n\r\n");
    room.provider.revocation = REVOCATION_RFC7009;
    assert_int_equal(
        revoke_access_token(&patient, &room.provider, "c", &access, &room.err),
        OAUTH_OK);
    room_close(&room);
    assert_string_equal(room_body(&room),
                        "token=at&token_type_hint=access_token&client_id=c");
    assert_int_equal(give_back_rfc7009(
                         &room, JSON("401", "{\"error\":\"invalid_client\"}")),
                     OAUTH_INVALID_CLIENT);
    assert_error(&room.err, FAIL_AUTH, "invalid_client", "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revoke),
        cmocka_unit_test(test_revoke_trouble),
        cmocka_unit_test(test_revoke_rfc7009),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("revoke", tests, ask_begin, ask_end);
}
