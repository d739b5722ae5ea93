#include "lib/wrap/http.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <curl/curl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/journal.h"
#include "lib/wrap/http_exchange.h"
#include "lib/wrap/memory.h"
#include "lib/wrap/proxy.h"
#include "lib/wrap/retry_after.h"
#include "lib/wrap/trust.h"
#include "lib/wrap/verdict.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

#define HTTP_TIME_MAX (24 * 3600 * 1000L) /* ms */

struct http_trust {
    const char *file;
    const char *folder;
};

/* Requests, answers and headers pass through libcurl's own memory: that is
 * wiped. */
static bool http_started;

int
http_start(struct error *err)
{
    if (http_started)
        return 0;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, memory_free,
                             memory_realloc, strdup, calloc) != CURLE_OK)
        return error_set(err, FAIL_SERVICE, "network",
                         "libcurl cannot be used here");
    http_started = true;
    return 0;
}

void
http_stop(void)
{
    if (http_started)
        curl_global_cleanup();
    http_started = false;
}

void
http_response_release(struct http_response *response)
{
    if (!response)
        return;
    secret_release(&response->body);
    *response = (struct http_response)HTTP_RESPONSE_INIT;
}

static const char *
http_find_hashed_folder(void)
{
    /* Only OpenSSL looks certificates up; others would read them all. */
    const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;

    return library && strstr(library, "SSL") ? trust_find_folder() : NULL;
}

static size_t
http_receive(char *data, size_t size, size_t count, void *user)
{
    struct http_exchange *x = user;
    size_t len = size * count;

    if (x->body.len + len > HTTP_BODY_MAX) {
        x->too_large = true;
        return 0;
    }
    return secret_append(&x->body, data, len) < 0 ? 0 : len;
}

/* libcurl takes a head that breaks off for a whole one. */
static size_t
http_receive_header(char *line, size_t size, size_t count, void *user)
{
    struct http_exchange *x = user;

    if (size * count >= 5 && memcmp(line, "HTTP/", 5) == 0)
        x->head_done = false;
    else if (size * count > 0 && (line[0] == '\r' || line[0] == '\n'))
        x->head_done = true;
    return size * count;
}

/*
 * libcurl does not tell whether it has taken the proxy or, because of
 * no_proxy, has not; but where it connects to.
 */
static curl_socket_t
http_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct http_exchange *x = user;
    int port =
        to->family == AF_INET6
            ? ((const struct sockaddr_in6 *)(void *)&to->addr)->sin6_port
            : ((const struct sockaddr_in *)(void *)&to->addr)->sin_port;

    (void)purpose;
    x->at_proxy = x->proxy.port && ntohs((uint16_t)port) == x->proxy.port &&
                  (x->proxy.port != x->port || x->options->proxy_fixed ||
                   !proxy_has_exceptions());
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static int
http_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c,
              curl_off_t d)
{
    const struct http_exchange *x = user;

    (void)a, (void)b, (void)c, (void)d;
    return x->options->cancelled();
}

/* Sets one option after the other; the first that fails spoils the lot. */
#define HTTP_SET(option, value)                                               \
    (ok = ok && curl_easy_setopt(curl, option, value) == CURLE_OK)

static bool
http_set_rules(CURL *curl, struct http_exchange *x)
{
    const char *proxy = x->options->proxy;
    bool ok = true;

    HTTP_SET(CURLOPT_PROTOCOLS_STR, x->loopback ? "https,http" : "https");
    HTTP_SET(CURLOPT_FOLLOWLOCATION, 0L);
    HTTP_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    HTTP_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    HTTP_SET(CURLOPT_SSL_VERIFYPEER, 1L);
    HTTP_SET(CURLOPT_SSL_VERIFYHOST, 2L);
    HTTP_SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    HTTP_SET(CURLOPT_NOSIGNAL, 1L);
    HTTP_SET(CURLOPT_QUICK_EXIT, 1L);
    HTTP_SET(CURLOPT_USERAGENT, "parallel-credential/" PACKAGE_VERSION);
    HTTP_SET(CURLOPT_WRITEFUNCTION, http_receive);
    HTTP_SET(CURLOPT_WRITEDATA, x);
    HTTP_SET(CURLOPT_HEADERFUNCTION, http_receive_header);
    HTTP_SET(CURLOPT_HEADERDATA, x);
    HTTP_SET(CURLOPT_OPENSOCKETFUNCTION, http_open_socket);
    HTTP_SET(CURLOPT_OPENSOCKETDATA, x);
    if (x->options->cancelled) {
        HTTP_SET(CURLOPT_NOPROGRESS, 0L);
        HTTP_SET(CURLOPT_XFERINFOFUNCTION, http_progress);
        HTTP_SET(CURLOPT_XFERINFODATA, x);
    }
    if (proxy)
        HTTP_SET(CURLOPT_PROXY, proxy);
    if (x->loopback || x->options->proxy_fixed)
        HTTP_SET(CURLOPT_NOPROXY, x->loopback ? "*" : "");
    return ok;
}

static bool
http_set_request(CURL *curl, const struct http_request *request)
{
    bool post = strcmp(request->method, "POST") == 0, ok = true;

    HTTP_SET(CURLOPT_URL, request->url);
    if (post || request->body) {
        HTTP_SET(CURLOPT_POST, 1L);
        HTTP_SET(CURLOPT_POSTFIELDS,
                 request->body ? secret_text(request->body) : "");
        HTTP_SET(CURLOPT_POSTFIELDSIZE_LARGE,
                 (curl_off_t)(request->body ? request->body->len : 0));
    }
    if (!post && (request->body || strcmp(request->method, "GET") != 0))
        HTTP_SET(CURLOPT_CUSTOMREQUEST, request->method);
    if (request->basic_user) {
        HTTP_SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        HTTP_SET(CURLOPT_USERNAME, request->basic_user);
        HTTP_SET(CURLOPT_PASSWORD, request->basic_password
                                       ? secret_text(request->basic_password)
                                       : "");
    }
    return ok;
}

static bool
http_set_trust(CURL *curl, const struct http_trust *trust)
{
    bool ok = true;

    HTTP_SET(CURLOPT_CAINFO, trust->file);
    HTTP_SET(CURLOPT_CAPATH, trust->folder);
    if (ok) {
        /* A libcurl without TLS to proxies does not know these two. */
        curl_easy_setopt(curl, CURLOPT_PROXY_CAINFO, trust->file);
        curl_easy_setopt(curl, CURLOPT_PROXY_CAPATH, trust->folder);
    }
    return ok;
}

static bool
http_add_header(struct curl_slist **list, const char *name, const char *value)
{
    CLEANUP(secret_release) struct secret line = SECRET_INIT;
    struct curl_slist *longer;

    if (secret_append_text(&line, name) < 0 ||
        secret_append_text(&line, value) < 0)
        return false;
    longer = curl_slist_append(*list, line.data);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool
http_add_headers(struct curl_slist **list, const struct http_request *request)
{
    const char *type = request->content_type;

    return http_add_header(list, "Accept: ", "application/json") &&
           http_add_header(list, "Expect:", "") &&
           /* Without a value libcurl leaves the header out. */
           http_add_header(list, "Content-Type: ", type ? type : "") &&
           (!request->bearer || http_add_header(list, "Authorization: Bearer ",
                                                secret_text(request->bearer)));
}

/* libcurl frees a list through memory_free(), which wipes it. */
static void
http_free_headers(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static void
http_free_handle(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

/* With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us. */
static CURLcode
http_perform_quietly(CURL *curl)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    CURLcode code;

    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &old);
    code = curl_easy_perform(curl);
    sigaction(SIGPIPE, &old, NULL);
    return code;
}

static long
http_limit(int64_t ms)
{
    return ms < 1 ? 1L : ms > HTTP_TIME_MAX ? HTTP_TIME_MAX : (long)ms;
}

static CURLcode
http_perform(CURL *curl, struct http_exchange *x,
             const struct http_trust *trust)
{
    int64_t left = x->end - clock_now().boot;
    int64_t connect = x->options->connect_timeout_ms;
    bool ok = true;

    if (left <= 0)
        return CURLE_OPERATION_TIMEDOUT;
    HTTP_SET(CURLOPT_TIMEOUT_MS, http_limit(left));
    HTTP_SET(CURLOPT_CONNECTTIMEOUT_MS,
             http_limit(connect < left ? connect : left));
    if (!ok || !http_set_trust(curl, trust))
        return CURLE_OUT_OF_MEMORY;
    return http_perform_quietly(curl);
}

/* What the verification of the server, or of a proxy before it, said. */
static long
http_verdict(CURL *curl)
{
    long verdict = 0;

    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (verdict == 0)
        curl_easy_getinfo(curl, CURLINFO_PROXY_SSL_VERIFYRESULT, &verdict);
    return verdict;
}

/*
 * Nothing was sent when the verification failed, so asking a second time is
 * safe; in every other case it would not be.
 */
static CURLcode
http_perform_trusting(CURL *curl, struct http_exchange *x)
{
    struct http_trust trust = {x->options->ca_file, x->options->ca_directory};
    bool own = trust.file || trust.folder;
    CURLcode code;

    if (!own && x->secure && !(trust.folder = http_find_hashed_folder()))
        trust.file = trust_find_bundle();
    code = http_perform(curl, x, &trust);
    if (own || trust.file || code != CURLE_PEER_FAILED_VERIFICATION ||
        !verdict_is_unknown_issuer(http_verdict(curl)) ||
        !(trust.file = trust_find_bundle()))
        return code;
    trust.folder = NULL;
    return http_perform(curl, x, &trust);
}

/*
 * Whether the server was reached, so that it may have seen the request: the
 * TLS handshake with itself (not with a proxy) was done. libcurl writes the
 * request at once then, and how much of it left this machine before trouble
 * came cannot be known.
 */
static bool
http_is_established(CURL *curl, const struct http_exchange *x)
{
    curl_off_t time = 0;

    curl_easy_getinfo(
        curl, x->secure ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T,
        &time);
    return time > 0;
}

static int
http_fail(const struct http_exchange *x, CURL *curl, CURLcode code,
          struct error *err)
{
    bool unreached =
        code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT;
    bool sent = http_is_established(curl, x);
    const char *why;
    long number = 0;

    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return http_exchange_fail_time(x, sent, err);
    case CURLE_ABORTED_BY_CALLBACK:
        return error_set(err, FAIL_INTERRUPTED, "interrupted",
                         "interrupted; nothing has changed");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
        if (!sent)
            return http_exchange_fail_trust(
                x, code == CURLE_SSL_CACERT_BADFILE, http_verdict(curl), err);
        why = "the certificate was not accepted";
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        why = "no address is known for this name";
        break;
    case CURLE_COULDNT_CONNECT:
        why = number ? strerror((int)number) : "no connection";
        break;
    case CURLE_OUT_OF_MEMORY:
        why = "out of memory";
        break;
    default:
        why = curl_easy_strerror(code);
    }
    return http_exchange_fail(x, sent, unreached, why, err);
}

/* At what it failed. With a proxy, its name is the one that is looked up. */
static enum http_step
http_step(const struct http_exchange *x, CURL *curl, CURLcode code)
{
    curl_off_t looked_up = 0;

    curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
    if (code == CURLE_COULDNT_RESOLVE_PROXY)
        return HTTP_AT_PROXY;
    if (code == CURLE_COULDNT_RESOLVE_HOST || looked_up == 0)
        return HTTP_AT_NAME;
    if (x->at_proxy && code != CURLE_PEER_FAILED_VERIFICATION &&
        !http_is_established(curl, x))
        return HTTP_AT_PROXY;
    return HTTP_AT_SERVER;
}

/* The last value of a response header, or NULL. */
static const char *
http_header(CURL *curl, const char *name)
{
    struct curl_header *header;

    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) !=
        CURLHE_OK)
        return NULL;
    return header->value;
}

static int64_t
http_date(const char *text)
{
    time_t date = text ? curl_getdate(text, NULL) : -1;

    return date > 0 ? (int64_t)date : 0;
}

static int
http_take_response(struct http_exchange *x, CURL *curl,
                   struct http_response *response, struct error *err)
{
    long status = 0;
    const char *wait;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 100 || status > 599)
        return error_set(err, FAIL_SERVICE, "lost",
                         "%s did not answer in HTTP", x->host);
    response->status = (int)status;
    response->date = http_date(http_header(curl, "Date"));
    wait = http_header(curl, "Retry-After");
    response->retry_after_s =
        retry_after_seconds(wait, http_date(wait), response->date);
    secret_move(&response->body, &x->body);
    return 0;
}

/*
 * A handle for each exchange, and so a connection for each: on a connection
 * that was kept open and is dead, libcurl would send the request a second
 * time by itself, and a refresh token must not be sent twice.
 */
static int
http_exchange(const struct http_options *options,
              const struct http_request *request,
              struct http_response *response, struct error *err)
{
    CLEANUP(http_exchange_release)
    struct http_exchange x = {.options = options,
                              .request = request,
                              .end = clock_now().boot +
                                     http_limit(options->timeout_ms),
                              .body = SECRET_INIT};
    CLEANUP(http_free_headers) struct curl_slist *headers = NULL;
    CLEANUP(http_free_handle) CURL *curl = NULL;
    CURLcode code;

    http_response_release(response);
    if (http_exchange_check(&x, err) < 0 || http_start(err) < 0)
        return -1;
    curl = curl_easy_init();
    if (!curl || !http_set_rules(curl, &x) ||
        !http_set_request(curl, request) ||
        !http_add_headers(&headers, request) ||
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
        return error_set(err, FAIL_SERVICE, "network",
                         "cannot ask %s: out of memory", x.host);
    code = http_perform_trusting(curl, &x);
    if (code == CURLE_OK && !x.head_done)
        code = CURLE_PARTIAL_FILE;
    if (code == CURLE_OK)
        return http_take_response(&x, curl, response, err);
    if (code == CURLE_COULDNT_RESOLVE_PROXY)
        x.at_proxy = true;
    response->timed_out = code == CURLE_OPERATION_TIMEDOUT;
    response->step = http_step(&x, curl, code);
    return http_fail(&x, curl, code, err);
}

int
http_send(const struct http_options *options,
          const struct http_request *request, struct http_response *response,
          struct error *err)
{
    int64_t begin = clock_now().boot;
    int result = http_exchange(options, request, response, err);

    /* What stands behind a '?' is nobody's business. */
    journal_debug("%s %.*s: %d, %lld ms", request->method,
                  (int)strcspn(request->url, "?#"), request->url,
                  result == 0 ? response->status : 0,
                  (long long)(clock_now().boot - begin));
    return result;
}
