/*
 * ask.h - an exchange of lib/wrap/http with a server (server.h).
 */
#ifndef PARALLEL_TESTS_ASK_H
#define PARALLEL_TESTS_ASK_H

#include "lib/wrap/http.h"
#include "tests/lib/server.h"

#define OK_HEAD  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define OK_EMPTY OK_HEAD "Content-Length: 2\r\n\r\n{}"

/* Enough for a slow machine where nothing is to time out; and not. */
extern const struct http_options patient, hasty;

int get(const struct http_options *options, const char *url,
        struct http_response *response, struct error *err);

/* One GET from a server that sends text; it must be answered. */
struct http_response answer_of(const char *text);

/* That err has this id, the kind that goes with it, and part in its text. */
void assert_failure(const struct error *err, const char *id, const char *part);

/* Around a group of tests: the machine's own proxy is none of their
 * business. */
int ask_begin(void **state);
int ask_end(void **state);

#endif
