#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/register.h"
#include "tests/lib/room.h"

static enum oauth_result
enrol_by(enum provider_registration form, struct room *room, const char *text,
         char **client_id)
{
    enum oauth_result result;

    room_open(room, SERVER_SEND, text);
    room->provider.registration = form;
    result = register_client(&patient, &room->provider, client_id, &room->err);
    room_close(room);
    return result;
}

static enum oauth_result
enrol(struct room *room, const char *text, char **client_id)
{
    return enrol_by(REGISTRATION_PARALLEL_JSON, room, text, client_id);
}

/* What was asked for. */
static struct json *
asked(const struct room *room)
{
    const char *body = room_body(room);
    struct json *json = NULL;

    assert_int_equal(json_parse(body, strlen(body), &json, NULL), 0);
    return json;
}

static void
test_register(void **state)
{
    cleanup_free char *id = NULL;
    cleanup_json struct json *json = NULL;
    const struct json *platform;
    struct utsname name;
    static struct room room;
    size_t at = 0;
    const char *key;

    (void)state;
    assert_int_equal(
        enrol(&room, JSON("201", "{\"client_id\":\"c-1\",\"x\":1}"), &id),
        OAUTH_OK);
    assert_string_equal(id, "c-1");
    assert_starts(room_asked(&room),
                  "POST /getServiceKeys/register HTTP/1.1\r\n");
    assert_has(room_asked(&room), "\r\nContent-Type: application/json\r\n");
    json = asked(&room);
    assert_string_equal(json_text(json, "client_name"), "parallel-credential");
    platform = json_object_at(json, "platform");
    assert_int_equal(uname(&name), 0);
    assert_string_equal(json_text(platform, "machine"), name.machine);
    assert_string_equal(json_text(platform, "release"), name.release);
    assert_string_equal(json_text(platform, "system"), name.sysname);
    assert_string_equal(json_text(platform, "version"), name.version);
    while ((key = json_next_key(platform, &at)))
        assert_true(*json_text(platform, key));
    /* The machine's name is nobody's business. */
    assert_null(json_text(platform, "node"));
    assert_null(json_text(platform, "nodename"));
}

static void
test_register_refused(void **state)
{
    static const char *const bad[] = {"{}",
                                      "{\"client_id\":null}",
                                      "{\"client_id\":\"\"}",
                                      "{\"client_id\":12}",
                                      "{\"client_id\":\"a b\"}",
                                      "{\"client_id\":\"a\\nb\"}",
                                      "{\"client_id\":\"a\\u001b\"}",
                                      "{\"client_id\":\"\xc3\xa9\"}"};
    static struct room room;
    char text[1024], *id = text;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, JSON("200", "%s"), bad[i]);
        if (enrol(&room, text, &id) != OAUTH_FAILED)
            fail_msg("accepted: %s", bad[i]);
        assert_error(&room.err, FAIL_SERVICE, "reply", "client_id");
    }
    snprintf(text, sizeof text, JSON("200", "{\"client_id\":\"%0257d\"}"), 0);
    assert_int_equal(enrol(&room, text, &id), OAUTH_FAILED);
    assert_int_equal(
        enrol(&room, JSON("400", "{\"error\":\"invalid_client\"}"), &id),
        OAUTH_REFUSED);
    assert_error(&room.err, FAIL_AUTH, "invalid_client", "");
    assert_int_equal(enrol(&room, HTML("200"), &id), OAUTH_FAILED);
    assert_ptr_equal(id, text);

    room_open(&room, SERVER_SEND, JSON("200", "{\"client_id\":\"c\"}"));
    room.provider.registration = REGISTRATION_NONE;
    assert_int_equal(register_client(&patient, &room.provider, &id, &room.err),
                     OAUTH_FAILED);
    room_close(&room);
    assert_int_equal(room.server.served, 0);
}

static void
test_register_rfc7591(void **state)
{
    cleanup_free char *id = NULL;
    cleanup_json struct json *json = NULL;
    static struct room room;

    (void)state;
    assert_int_equal(
        enrol_by(REGISTRATION_RFC7591, &room,
                 JSON("201", "{\"client_id\":\"c-1\","
                             "\"token_endpoint_auth_method\":\"none\"}"),
                 &id),
        OAUTH_OK);
    assert_string_equal(id, "c-1");
    json = asked(&room);
    assert_string_equal(json_text(json, "token_endpoint_auth_method"), "none");
    assert_string_equal(
        json_element_text(json_array_at(json, "grant_types"), 0),
        "urn:ietf:params:oauth:grant-type:device_code");
    assert_null(json_object_at(json, "platform"));
    /* A client with a secret is none that we can be. */
    assert_int_equal(
        enrol_by(
            REGISTRATION_RFC7591, &room,
            JSON("201",
                 "{\"client_id\":\"c-2\",\"client_secret\":\"s\","
                 "\"token_endpoint_auth_method\":\"client_secret_basic\"}"),
            &id),
        OAUTH_FAILED);
    assert_error(&room.err, FAIL_SERVICE, "reply", "set client_id");
    assert_string_equal(id, "c-1");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register),
        cmocka_unit_test(test_register_refused),
        cmocka_unit_test(test_register_rfc7591),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("register", tests, ask_begin, ask_end);
}
