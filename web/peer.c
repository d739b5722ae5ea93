#include "web/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define PEER_PAIR_SIZE 128

/* A socket by its two addresses, as the table writes them. */
struct peer_socket {
    char plain[PEER_PAIR_SIZE];
    char mapped[PEER_PAIR_SIZE]; /* of a program that speaks IPv6 */
    bool found;
    unsigned uid;
    unsigned long inode; /* 0: its program has let go of it */
};

static void
peer_name(struct peer_socket *s, const struct sockaddr_in *here,
          const struct sockaddr_in *there)
{
    char prefix[32];

    snprintf(prefix, sizeof prefix, "0000000000000000%08X", htonl(0xffff));
    snprintf(s->plain, sizeof s->plain, " %08X:%04X %08X:%04X ",
             here->sin_addr.s_addr, ntohs(here->sin_port),
             there->sin_addr.s_addr, ntohs(there->sin_port));
    snprintf(s->mapped, sizeof s->mapped, " %s%08X:%04X %s%08X:%04X ", prefix,
             here->sin_addr.s_addr, ntohs(here->sin_port), prefix,
             there->sin_addr.s_addr, ntohs(there->sin_port));
}

/* What stands in line behind name, or NULL. */
static const char *
peer_behind(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    return at ? at + strlen(name) : NULL;
}

static void
peer_take_line(struct peer_socket *s, const char *line)
{
    const char *rest = peer_behind(line, s->plain);

    if (!rest)
        rest = peer_behind(line, s->mapped);
    /* state, queues, timer, retransmissions, owner, time-out, inode */
    if (rest && sscanf(rest, "%*x %*x:%*x %*x:%*x %*x %u %*d %lu", &s->uid,
                       &s->inode) == 2)
        s->found = true;
}

static void
peer_read(const char *path, struct peer_socket *ours,
          struct peer_socket *theirs)
{
    FILE *table = fopen(path, "re");
    cleanup_free char *line = NULL;
    size_t size = 0;

    if (!table)
        return;
    while (getline(&line, &size, table) > 0) {
        peer_take_line(ours, line);
        peer_take_line(theirs, line);
    }
    fclose(table);
}

bool
peer_is_ours(int fd)
{
    struct sockaddr_in here, there;
    socklen_t here_len = sizeof here, there_len = sizeof there;
    struct peer_socket ours = {.found = false}, theirs = {.found = false};

    if (getsockname(fd, (struct sockaddr *)&here, &here_len) < 0 ||
        getpeername(fd, (struct sockaddr *)&there, &there_len) < 0)
        return false;
    peer_name(&ours, &here, &there);
    peer_name(&theirs, &there, &here);
    peer_read("/proc/net/tcp", &ours, &theirs);
    peer_read("/proc/net/tcp6", &ours, &theirs);
    if (!ours.found)
        return true; /* a table without even our own end tells nothing */
    /* What was let go of is shown as root's, whoever had it. */
    return theirs.found && theirs.inode &&
           (theirs.uid == getuid() || theirs.uid == 0);
}
