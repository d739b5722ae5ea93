#include "web/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "web/page.h"
#include "web/peer.h"
#include "web/pkce.h"

#define LISTENER_CONNECTIONS 64
#define LISTENER_MEMORY      16384 /* bytes a connection: all of its headers */
#define LISTENER_CONNECTION  5000  /* ms, for all of a connection */
#define LISTENER_CROWD       100   /* ms, while all connections are taken */
#define LISTENER_TICK        250   /* ms */
#define LISTENER_IDLE        1000  /* ms */

/* A connection, until it ends by itself or its time is over. */
struct visitor {
    int fd; /* -1: none */
    int64_t began;
};

struct listener {
    struct MHD_Daemon *daemon;
    listener_handle handle;
    void *context;
    char host[32];
    char policy[256];
    struct visitor visitor[LISTENER_CONNECTIONS];
    size_t visitors;
    int asking; /* the connection whose request is being handled */
    struct request *held;
    struct listener_reply held_reply;
};

/* One request. */
struct request {
    struct listener *listener;
    struct MHD_Connection *connection;
    struct secret target;
};

/* ---- connections ----------------------------------------------------------
 */

static int
listener_socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

static void
listener_note_visitor(void *context, struct MHD_Connection *connection,
                      void **slot, enum MHD_ConnectionNotificationCode what)
{
    struct listener *l = context;
    struct visitor *visitor = *slot;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED && visitor) {
        visitor->fd = -1;
        l->visitors--;
    }
    if (what != MHD_CONNECTION_NOTIFY_STARTED)
        return;
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++)
        if (l->visitor[i].fd < 0) {
            l->visitor[i].fd = listener_socket_of(connection);
            l->visitor[i].began = clock_now().boot;
            l->visitors++;
            *slot = &l->visitor[i];
            return;
        }
}

static bool
listener_is_full(const struct listener *l)
{
    return l->visitors == LISTENER_CONNECTIONS;
}

/* How long a connection may take. */
static int64_t
listener_patience(const struct listener *l)
{
    return listener_is_full(l) ? LISTENER_CROWD : LISTENER_CONNECTION;
}

/* Whoever takes his time is sent away, lest he keep others out: soon, when
 * there are as many as can be. A browser says at once what it wants. */
static void
listener_end_slow(struct listener *l)
{
    int held = l->held ? listener_socket_of(l->held->connection) : -1;
    int64_t began_by = clock_now().boot - listener_patience(l);

    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++)
        if (l->visitor[i].fd >= 0 && l->visitor[i].fd != held &&
            l->visitor[i].began <= began_by)
            shutdown(l->visitor[i].fd, SHUT_RDWR);
}

/* ---- requests -------------------------------------------------------------
 */

/* The target as it was sent, before anything is decoded. */
static void *
listener_begin_request(void *context, const char *target,
                       struct MHD_Connection *connection)
{
    struct request *request = calloc(1, sizeof *request);

    if (!request)
        return NULL;
    request->listener = context;
    request->connection = connection;
    if (secret_set(&request->target, target, strlen(target)) < 0) {
        free(request);
        return NULL;
    }
    return request;
}

static void
listener_end_request(void *context, struct MHD_Connection *connection,
                     void **slot, enum MHD_RequestTerminationCode why)
{
    struct listener *l = context;
    struct request *request = *slot;

    (void)connection;
    (void)why;
    if (!request)
        return;
    if (l->held == request)
        l->held = NULL;
    secret_release(&request->target);
    free(request);
    *slot = NULL;
}

struct hosts {
    const char *value;
    size_t count;
};

static enum MHD_Result
listener_take_host(void *context, enum MHD_ValueKind kind, const char *key,
                   const char *value)
{
    struct hosts *hosts = context;

    (void)kind;
    if (strcasecmp(key, "Host") == 0) {
        hosts->value = value;
        hosts->count++;
    }
    return MHD_YES;
}

static bool
listener_is_meant(const struct listener *l, struct MHD_Connection *connection)
{
    struct hosts hosts = {NULL, 0};

    MHD_get_connection_values(connection, MHD_HEADER_KIND, listener_take_host,
                              &hosts);
    return hosts.count == 1 && hosts.value &&
           strcmp(hosts.value, l->host) == 0;
}

static void
listener_put_headers(const struct listener *l, struct MHD_Response *response,
                     const struct listener_reply *reply)
{
    static const char *const headers[][2] = {
        {"Content-Type", "text/html; charset=utf-8"},
        {"Cache-Control", "no-store"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Connection", "close"},
    };

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, "Content-Security-Policy", l->policy);
    if (reply->status == 405)
        MHD_add_response_header(response, "Allow", "GET");
    if (reply->location)
        MHD_add_response_header(response, "Location", reply->location);
}

static enum MHD_Result
listener_send(const struct listener *l, struct MHD_Connection *connection,
              struct listener_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->page.len, (void *)(uintptr_t)secret_text(&reply->page),
        MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response) {
        listener_put_headers(l, response, reply);
        result =
            MHD_queue_response(connection, (unsigned)reply->status, response);
        MHD_destroy_response(response);
    }
    secret_release(&reply->page);
    return result;
}

static enum MHD_Result
listener_hold(struct listener *l, struct request *request)
{
    l->held = request;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static enum MHD_Result
listener_answer(void *context, struct MHD_Connection *connection,
                const char *url, const char *method, const char *version,
                const char *upload, size_t *upload_size, void **slot)
{
    struct listener *l = context;
    struct request *request = *slot;
    struct listener_reply reply = LISTENER_REPLY_INIT;

    (void)url;
    (void)version;
    (void)upload;
    (void)upload_size;
    if (!request)
        return MHD_NO;
    if (request == l->held)
        return listener_send(l, connection, &l->held_reply);
    if (!listener_is_meant(l, connection))
        reply.status = 421;
    else if (strcmp(method, "GET") != 0)
        reply.status = 405;
    l->asking = listener_socket_of(connection);
    l->handle(l->context, reply.status ? NULL : secret_text(&request->target),
              &reply);
    if (reply.hold && !l->held)
        return listener_hold(l, request);
    return listener_send(l, connection, &reply);
}

/* ---- the whole ------------------------------------------------------------
 */

static int
listener_start(struct listener *l, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    const union MHD_DaemonInfo *info;

    l->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        listener_answer, l, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)LISTENER_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LISTENER_MEMORY,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        listener_begin_request, l, MHD_OPTION_NOTIFY_COMPLETED,
        listener_end_request, l, MHD_OPTION_NOTIFY_CONNECTION,
        listener_note_visitor, l, MHD_OPTION_END);
    if (!l->daemon)
        return -1;
    info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (!info || info->port == 0)
        return -1;
    snprintf(l->host, sizeof l->host, "127.0.0.1:%u", (unsigned)info->port);
    return 0;
}

/* Nothing but the page itself, and of styles only its own. */
static int
listener_make_policy(struct listener *l)
{
    char hash[PKCE_CHALLENGE_SIZE];

    if (pkce_hash_text(page_style, hash) < 0)
        return -1;
    snprintf(l->policy, sizeof l->policy,
             "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
             "form-action 'none'; frame-ancestors 'none'",
             hash);
    return 0;
}

struct listener *
listener_open(uint16_t port, listener_handle handle, void *context)
{
    struct listener *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->handle = handle;
    l->context = context;
    for (size_t i = 0; i < LISTENER_CONNECTIONS; i++)
        l->visitor[i].fd = -1;
    if (listener_make_policy(l) == 0 && listener_start(l, port) == 0)
        return l;
    listener_close(l);
    return NULL;
}

const char *
listener_host(const struct listener *l)
{
    return l->host;
}

int
listener_fd(const struct listener *l)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    return info ? info->epoll_fd : -1;
}

int
listener_timeout(const struct listener *l)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(l->daemon, &ms) == MHD_YES && ms < LISTENER_CROWD)
        return (int)ms;
    if (listener_is_full(l))
        return LISTENER_CROWD;
    return l->visitors ? LISTENER_TICK : LISTENER_IDLE;
}

/* When all connections are in use, the library stops accepting, and starts
 * again in a run that finds one free: so there is always one more. */
void
listener_run(struct listener *l)
{
    bool full = listener_is_full(l);

    listener_end_slow(l);
    MHD_run(l->daemon);
    if (full)
        MHD_run(l->daemon);
}

bool
listener_is_asked_by_us(const struct listener *l)
{
    return peer_is_ours(l->asking);
}

void
listener_release_held(struct listener *l, struct listener_reply *reply)
{
    if (!l->held)
        return;
    l->held_reply = *reply;
    reply->page = (struct secret)SECRET_INIT;
    MHD_resume_connection(l->held->connection);
}

bool
listener_is_holding(const struct listener *l)
{
    return l->held != NULL;
}

void
listener_close(struct listener *l)
{
    if (!l)
        return;
    if (l->daemon && l->held)
        MHD_resume_connection(l->held->connection);
    if (l->daemon)
        MHD_stop_daemon(l->daemon);
    secret_release(&l->held_reply.page);
    free(l);
}
