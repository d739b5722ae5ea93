#include "lib/wrap/http_exchange.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/wrap/verdict.h"

int
http_exchange_check(struct http_exchange *x, struct error *err)
{
    const struct secret *bearer = x->request->bearer;
    char origin[URL_ORIGIN_SIZE];
    struct url url;

    if (url_require_safe(x->request->url, "address", err) < 0 ||
        url_parse(&url, x->request->url, err) < 0)
        return -1;
    url_origin(&url, origin);
    memcpy(x->host, strstr(origin, "//") + 2,
           strlen(strstr(origin, "//") + 2) + 1);
    x->port = url.port;
    x->secure = url.secure;
    x->loopback = url_is_loopback(&url);
    if (!x->loopback)
        proxy_find(&x->proxy, x->options->proxy, x->secure);
    for (size_t i = 0; bearer && i < bearer->len; i++)
        if (bearer->data[i] <= ' ' || bearer->data[i] == 0x7f)
            return error_set(err, FAIL_INPUT, "url",
                             "the token for %s has a character that cannot "
                             "be sent",
                             x->host);
    return 0;
}

void
http_exchange_release(struct http_exchange *x)
{
    secret_release(&x->body);
}

int
http_exchange_fail_trust(const struct http_exchange *x, bool unread,
                         long verdict, struct error *err)
{
    if (unread)
        return error_set(err, FAIL_SERVICE, "certificate",
                         "cannot verify %s: the certificates to trust "
                         "(ca_file, ca_directory) cannot be read",
                         x->host);
    return error_set(err, FAIL_SERVICE, "certificate",
                     "cannot verify %s: %s; nothing was sent", x->host,
                     verdict_sentence(verdict));
}

/* Who could not be reached, for messages. */
#define HTTP_WAY_SIZE (2 * URL_ORIGIN_SIZE + 32)

static const char *
http_exchange_way(const struct http_exchange *x, bool unreached, char *out)
{
    if (!x->at_proxy)
        return x->host;
    snprintf(out, HTTP_WAY_SIZE,
             unreached ? "the proxy %s on the way to %s"
                       : "%s through the proxy %s",
             unreached ? x->proxy.host : x->host,
             unreached ? x->host : x->proxy.host);
    return out;
}

int
http_exchange_fail_time(const struct http_exchange *x, bool sent,
                        struct error *err)
{
    char way[HTTP_WAY_SIZE];
    int64_t limit = x->options->timeout_ms;

    if (!sent && clock_now().boot < x->end &&
        x->options->connect_timeout_ms < limit)
        limit = x->options->connect_timeout_ms;
    return error_set(err, FAIL_SERVICE, sent ? "lost" : "network",
                     sent ? "%s did not answer within %.4g s"
                          : "cannot reach %s within %.4g s",
                     sent ? x->host : http_exchange_way(x, false, way),
                     (double)limit / 1000);
}

int
http_exchange_fail(const struct http_exchange *x, bool sent, bool unreached,
                   const char *why, struct error *err)
{
    const char *id = sent ? "lost" : "network";
    char way[HTTP_WAY_SIZE];

    if (x->too_large)
        return error_set(err, FAIL_SERVICE, id,
                         "the answer of %s was too large (more than %d "
                         "bytes)",
                         x->host, HTTP_BODY_MAX);
    return error_set(
        err, FAIL_SERVICE, id,
        sent ? "no complete answer from %s: %s" : "cannot reach %s: %s",
        sent ? x->host : http_exchange_way(x, unreached, way), why);
}
