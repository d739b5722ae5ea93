#include "tests/platform/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/platform/serve.h"

#define BACKLOG     1024
#define CONNECTIONS 4096
#define STACK       (256 * 1024)
#define MEMORY      (64 * 1024)

static enum MHD_Result
on_data(void *of, struct MHD_Connection *connection, const char *path,
        const char *method, const char *version, const char *bytes,
        size_t *length, void **mine)
{
    const struct listener *listener = of;
    struct request *request = *mine;

    (void)version;
    if (!request) {
        *mine = request_new(connection, listener->port, listener->base, method,
                            path);
        return MHD_YES;
    }
    if (*length > 0) {
        request_add(request, bytes, *length);
        *length = 0;
        return MHD_YES;
    }
    request_finish(request);
    return serve(request);
}

static void
on_end(void *of, struct MHD_Connection *connection, void **mine,
       enum MHD_RequestTerminationCode code)
{
    (void)of;
    (void)connection;
    (void)code;
    request_free(*mine);
    *mine = NULL;
}

/* A listening socket; its port goes to port. -1 with errno on failure. */
static int
open_socket(unsigned *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
        listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

bool
listener_start(struct listener *listener, enum port port,
               const struct tls_pair *certificate)
{
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                     MHD_USE_ITC | (certificate ? MHD_USE_TLS : 0U);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0,
         certificate ? certificate->certificate : NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, certificate ? certificate->key : NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned number = 0;
    int fd = open_socket(&number);

    if (fd < 0)
        return false;
    listener->port = port;
    snprintf(listener->base, sizeof(listener->base), "%s:%u",
             certificate ? "https://localhost" : "http://127.0.0.1", number);
    listener->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_data, listener, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)MEMORY, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK,
        MHD_OPTION_ARRAY, certificate ? tls : &tls[2], MHD_OPTION_END);
    if (!listener->daemon) {
        int saved = errno ? errno : EIO;
        close(fd);
        errno = saved;
        return false;
    }
    return true;
}

void
listener_stop(struct listener *listener)
{
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    listener->daemon = NULL;
}
