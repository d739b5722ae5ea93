#include "tests/lib/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void
server_die(const char *what)
{
    perror(what);
    exit(99);
}

static int
server_bind(int *port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
        (backlog >= 0 && listen(fd, backlog) < 0) ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        server_die("bind");
    *port = ntohs(address.sin_port);
    return fd;
}

/* Waits until fd can be read. 0 when the server is to stop instead. */
static bool
server_wait(const struct server *server, int fd, int ms)
{
    struct pollfd fds[] = {{server->wake[0], POLLIN, 0}, {fd, POLLIN, 0}};

    while (poll(fds, 2, ms) < 0 && errno == EINTR)
        ;
    return !fds[0].revents;
}

/* Whether text is a whole request: its head, and the body it announces. */
static bool
server_is_whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");

    if (!end)
        return false;
    if (!length || length > end)
        return true;
    return strlen(end + 4) >= strtoul(length + 17, NULL, 10);
}

static void
server_read(struct server *server, int fd, char *text)
{
    size_t used = 0;

    text[0] = '\0';
    while (!server_is_whole(text) && used < SERVER_REQUEST_SIZE - 1) {
        ssize_t n;

        if (!server_wait(server, fd, -1))
            return;
        n = recv(fd, text + used, SERVER_REQUEST_SIZE - 1 - used, 0);
        if (n <= 0)
            return;
        used += (size_t)n;
        text[used] = '\0';
        /* A ClientHello is no text and will never be whole. */
        if (text[0] == 0x16)
            return;
    }
}

static bool
server_send(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* Whether the client is still there; waits up to ms for its going. */
static bool
server_has_client(const struct server *server, int fd, int ms)
{
    char byte;

    if (!server_wait(server, fd, ms))
        return false;
    return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

static void
server_play(struct server *server, const struct server_step *step, int fd,
            char *request)
{
    static const char filler[4096] = {'x'};
    struct linger none = {1, 0};

    if (step->action != SERVER_BLURT)
        server_read(server, fd, request);
    server_send(fd, step->text, strlen(step->text));
    if (step->action == SERVER_MUTE)
        server_has_client(server, fd, -1);
    while (step->action == SERVER_DRIP && server_has_client(server, fd, 20) &&
           server_send(fd, "x", 1))
        ;
    while (step->action == SERVER_FLOOD &&
           server_send(fd, filler, sizeof filler))
        ;
    if (step->action == SERVER_RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    else
        shutdown(fd, SHUT_WR);
    close(fd);
}

static void *
server_run(void *argument)
{
    static char beyond[SERVER_REQUEST_SIZE];
    struct server *server = argument;

    while (server_wait(server, server->listener, -1)) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        size_t i = server->served;

        if (fd < 0)
            continue;
        server->served++;
        server_play(
            server,
            &server
                 ->steps[i < server->step_count ? i : server->step_count - 1],
            fd, i < SERVER_REQUESTS ? server->request[i] : beyond);
    }
    return NULL;
}

void
server_start(struct server *server, const struct server_step *steps,
             size_t count)
{
    memset(server, 0, sizeof *server);
    server->steps = steps;
    server->step_count = count;
    server->listener = server_bind(&server->port, 64);
    snprintf(server->base, sizeof server->base, "http://127.0.0.1:%d",
             server->port);
    if (pipe2(server->wake, O_CLOEXEC) < 0 ||
        pthread_create(&server->thread, NULL, server_run, server) != 0)
        server_die("server");
}

void
server_stop(struct server *server)
{
    if (write(server->wake[1], "", 1) < 0)
        server_die("server");
    pthread_join(server->thread, NULL);
    close(server->wake[0]);
    close(server->wake[1]);
    close(server->listener);
}

int
server_closed_port(void)
{
    int port, fd = server_bind(&port, -1);

    close(fd);
    return port;
}

int
server_full_port(int fds[8])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int port;

    fds[0] = server_bind(&port, 0);
    address.sin_port = htons((in_port_t)port);
    for (int i = 1; i < 8; i++) {
        fds[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(fds[i], (struct sockaddr *)&address, sizeof address) < 0 &&
            errno != EINPROGRESS)
            server_die("connect");
    }
    return port;
}
