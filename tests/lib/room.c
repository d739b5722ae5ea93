#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/room.h"

#include <string.h>

const char room_basic[] =
    "\r\nAuthorization: Basic Y2wraWQlM0E6cyUzQWVzYW1lJTI2JTJCJTI1\r\n";

/* With a server alone. */
static void
begin(struct room *room, enum server_action action, const char *text)
{
    room->step = (struct server_step){action, text};
    room->err = (struct error)ERROR_INIT;
    server_start(&room->server, &room->step, 1);
}

void
room_open(struct room *room, enum server_action action, const char *text)
{
    const char *base = room->server.base;

    begin(room, action, text);
    assert_int_equal(
        provider_init_parallel(&room->provider, base, base, base, "", NULL),
        0);
}

void
room_open_keys(struct room *room, enum server_action action, const char *text)
{
    const char *base = room->server.base;

    begin(room, action, text);
    assert_int_equal(provider_init_parallel_keys(&room->provider, base, base,
                                                 base, NULL, NULL),
                     0);
}

void
room_close(struct room *room)
{
    server_stop(&room->server);
    provider_release(&room->provider);
}

void
room_authenticate(struct room *room, enum provider_authentication by)
{
    room->provider.authentication = by;
    secret_set(&room->provider.client_secret, "s:esame&+%", 10);
}

const char *
room_asked(const struct room *room)
{
    return room->server.request[0];
}

const char *
room_body(const struct room *room)
{
    const char *end = strstr(room_asked(room), "\r\n\r\n");

    return end ? end + 4 : "";
}

void
assert_starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0)
        fail_msg("\"%.200s\" does not start with \"%s\"", text, start);
}

void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%.400s\" lacks \"%s\"", text, part);
}

void
assert_error(const struct error *err, enum failure failure, const char *id,
             const char *part)
{
    assert_string_equal(err->id, id);
    assert_int_equal(err->failure, failure);
    assert_has(err->text, part);
    for (const char *c = err->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            fail_msg("a control character in \"%s\"", err->text);
}
