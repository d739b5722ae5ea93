/*
 * server.h - a server on 127.0.0.1 that plays a script.
 *
 * Connection i gets step i; the last step is played for all that follow.
 * What every connection asked is kept for the test to look at.
 *
 *     static const struct server_step steps[] = {
 *         {SERVER_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}};
 *     struct server server;
 *     server_start(&server, steps, 1);
 *     ... server.base is "http://127.0.0.1:PORT"
 *     server_stop(&server);
 */
#ifndef PARALLEL_TESTS_SERVER_H
#define PARALLEL_TESTS_SERVER_H

#include <pthread.h>
#include <stddef.h>

enum server_action {
    SERVER_SEND,  /* read the request, send the text, close */
    SERVER_RESET, /* read the request, send the text, reset the connection */
    SERVER_MUTE,  /* read the request, send the text, then keep silent until
                     the client gives up */
    SERVER_DRIP,  /* read the request, send the text, then a byte now and
                     then until the client gives up */
    SERVER_FLOOD, /* read the request, send the text, then bytes without end
                     until the client gives up */
    SERVER_BLURT  /* send the text at once, read nothing, close */
};

struct server_step {
    enum server_action action;
    const char *text;
};

#define SERVER_REQUESTS     8
#define SERVER_REQUEST_SIZE 16384

struct server {
    int listener;
    int wake[2];
    pthread_t thread;
    const struct server_step *steps;
    size_t step_count;
    char base[64];
    int port;
    size_t served; /* connections; read it after server_stop() */
    char request[SERVER_REQUESTS][SERVER_REQUEST_SIZE];
};

void server_start(struct server *server, const struct server_step *steps,
                  size_t count);
void server_stop(struct server *server);

/* A port of 127.0.0.1 that nobody listens on. */
int server_closed_port(void);

/*
 * A port of 127.0.0.1 whose listener has no more room, so that connecting
 * waits. fds (8 of them) are to be closed at the end.
 */
int server_full_port(int fds[8]);

#endif
