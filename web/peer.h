/*
 * peer.h - whose program is at the other end of a connection.
 */
#ifndef PARALLEL_WEB_PEER_H
#define PARALLEL_WEB_PEER_H

#include <stdbool.h>

/*
 * Whether it is one of this person's, or of root's, as the kernel's table of
 * TCP sockets has it. fd is a connection over IPv4. Where that table cannot be
 * had, nobody is called a stranger.
 */
bool peer_is_ours(int fd);

#endif
