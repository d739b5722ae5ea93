/*
 * http_exchange.h - an exchange of http.c: what is known of it, and what is
 * said of it. For http.c alone.
 */
#ifndef PARALLEL_WRAP_HTTP_EXCHANGE_H
#define PARALLEL_WRAP_HTTP_EXCHANGE_H

#include "lib/base/url.h"
#include "lib/wrap/http.h"
#include "lib/wrap/proxy.h"

struct http_exchange {
    const struct http_options *options;
    const struct http_request *request;
    char host[URL_ORIGIN_SIZE]; /* for messages: "host" or "host:port" */
    int port;
    bool secure;
    bool loopback;
    struct proxy proxy; /* which one there is, if libcurl takes it */
    bool at_proxy;      /* the last connection was begun to that one */
    int64_t end;        /* on the boot clock, ms */
    struct secret body;
    bool too_large;
    bool head_done; /* the blank line behind the headers came */
};

/* Fill host to proxy, and refuse all that can be before a byte is sent: 0, or
 * -1 with err. */
int http_exchange_check(struct http_exchange *x, struct error *err);

void http_exchange_release(struct http_exchange *x);

/* It has failed: -1 with err. sent: the request may have been seen. */
int http_exchange_fail_time(const struct http_exchange *x, bool sent,
                            struct error *err);
/* unread: what to trust could not be read; else verdict is about the server.
 */
int http_exchange_fail_trust(const struct http_exchange *x, bool unread,
                             long verdict, struct error *err);
/* unreached: nobody answered at all. */
int http_exchange_fail(const struct http_exchange *x, bool sent,
                       bool unreached, const char *why, struct error *err);

#endif
