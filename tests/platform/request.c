#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "tests/platform/request.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/platform/clock.h"
#include "tests/platform/memory.h"
#include "tests/platform/state.h"

#define LOOK_EVERY 200 /* milliseconds between looks at the platform's end */

struct request *
request_new(struct MHD_Connection *connection, enum port port,
            const char *base, const char *method, const char *path)
{
    struct request *request = memory_new(sizeof(*request));

    request->connection = connection;
    request->port = port;
    request->base = base;
    request->method = memory_copy(method);
    request->path = memory_copy(path);
    return request;
}

void
request_free(struct request *request)
{
    if (!request)
        return;
    form_release(&request->form);
    free(request->method);
    free(request->path);
    free(request->body);
    free(request);
}

void
request_add(struct request *request, const char *bytes, size_t length)
{
    if (length > REQUEST_BODY_MAX - request->length) {
        request->too_long = true;
        return;
    }
    request->body = memory_grow(request->body, request->length + length + 1);
    memcpy(request->body + request->length, bytes, length);
    request->length += length;
    request->body[request->length] = '\0';
}

void
request_finish(struct request *request)
{
    request->has_form =
        request_has_type(request, "application/x-www-form-urlencoded");
    if (request->has_form)
        request->form_wrong =
            form_parse(&request->form, request->body, request->length);
}

const char *
request_header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                       name);
}

const char *
request_query(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection,
                                       MHD_GET_ARGUMENT_KIND, name);
}

struct repetition {
    const struct request *request;
    bool found;
};

static enum MHD_Result
look_for_repetition(void *of, enum MHD_ValueKind kind, const char *name,
                    const char *value)
{
    struct repetition *repetition = of;

    (void)kind;
    if (request_query(repetition->request, name) != value)
        repetition->found = true;
    return MHD_YES;
}

bool
request_repeats_query(const struct request *request)
{
    struct repetition repetition = {request, false};

    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
                              look_for_repetition, &repetition);
    return repetition.found;
}

bool
request_has_type(const struct request *request, const char *type)
{
    const char *header = request_header(request, "Content-Type");
    size_t length = strlen(type);

    if (!header || strncasecmp(header, type, length) != 0)
        return false;
    header += length;
    header += strspn(header, " \t");
    return *header == '\0' || *header == ';';
}

const char *
request_bearer(const struct request *request)
{
    const char *header = request_header(request, "Authorization");

    if (!header || strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    header += 7;
    return header + strspn(header, " ");
}

static int
descriptor(const struct request *request)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? (int)info->connect_fd : -1;
}

static bool
is_over(unsigned epoch)
{
    bool over;

    state_lock();
    over = state_is_over(epoch);
    state_unlock();
    return over;
}

bool
request_is_gone(const struct request *request, unsigned epoch, double ms)
{
    struct pollfd look = {.fd = descriptor(request), .events = POLLRDHUP};
    double end = clock_now() + ms / 1000;

    for (;;) {
        double left = (end - clock_now()) * 1000;
        if (is_over(epoch))
            return true;
        if (ms >= 0 && left <= 0)
            return false;
        if (ms < 0 || left > LOOK_EVERY)
            left = LOOK_EVERY;
        if (left < 1)
            left = 1;
        if (poll(&look, 1, (int)left) > 0)
            return true;
    }
}

void
request_reset(const struct request *request)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    int fd = descriptor(request);

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    connect(fd, &nowhere, sizeof(nowhere)); /* disconnects, with a reset */
}

void
request_drain(const struct request *request)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int fd = descriptor(request);
    int one = 1;
    int left = 0;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    for (int i = 0; i < 1000; i++) {
        if (ioctl(fd, SIOCOUTQ, &left) < 0 || left == 0)
            break;
        nanosleep(&pause, NULL);
    }
}
