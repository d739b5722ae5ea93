/*
 * room.h - a server (ask.h) and Parallel at it, for one question of
 * lib/oauth; and what its tests assert.
 *
 *     static struct room room;
 *     room_open(&room, SERVER_SEND, JSON("200", "{}"));
 *     ... ask room.provider, with patient and &room.err
 *     room_close(&room);
 *     assert_string_equal(room_body(&room), "a=b");
 */
#ifndef PARALLEL_TESTS_ROOM_H
#define PARALLEL_TESTS_ROOM_H

#include "lib/base/error.h"
#include "lib/oauth/provider.h"
#include "tests/lib/ask.h"

/* An answer with a JSON body; the server's closing ends it. */
#define JSON(status, body)                                                    \
    "HTTP/1.1 " status " X\r\nContent-Type: application/json\r\n\r\n" body
#define HTML(status)                                                          \
    "HTTP/1.1 " status                                                        \
    " X\r\nContent-Type: text/html\r\n\r\n \n<!doctype html><p>Sign in"

struct room {
    struct server_step step;
    struct server server;
    struct provider provider;
    struct error err;
};

/* With Parallel's account tokens; with its other way in, which brings a key.
 */
void room_open(struct room *room, enum server_action action, const char *text);
void room_open_keys(struct room *room, enum server_action action,
                    const char *text);
void room_close(struct room *room);

/* From now on the client is ROOM_CLIENT with the secret "s:esame&+%", which by
 * HTTP Basic is the header room_basic. */
#define ROOM_CLIENT "cl id:"
void room_authenticate(struct room *room, enum provider_authentication by);
extern const char room_basic[];

/* What was asked, from its first line on; and its body. */
const char *room_asked(const struct room *room);
const char *room_body(const struct room *room);

void assert_starts(const char *text, const char *start);
void assert_has(const char *text, const char *part);

/* That err is of this kind and id, has part in its text, and no control
 * character. */
void assert_error(const struct error *err, enum failure failure,
                  const char *id, const char *part);

#endif
