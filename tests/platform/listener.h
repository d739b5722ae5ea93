/*
 * One listening port on 127.0.0.1, chosen by the kernel, with a thread for
 * each connection: a request that hangs disturbs no other.
 */
#ifndef PLATFORM_LISTENER_H
#define PLATFORM_LISTENER_H

#include <microhttpd.h>
#include <stdbool.h>

#include "tests/platform/request.h"
#include "tests/platform/tls.h"

struct listener {
    enum port port;
    char base[64]; /* http://127.0.0.1:PORT or https://localhost:PORT */
    struct MHD_Daemon *daemon;
};

/*
 * Starts to listen, with TLS when there is a certificate. Both must outlive
 * the listener. False, with errno set, when that fails.
 */
bool listener_start(struct listener *listener, enum port port,
                    const struct tls_pair *certificate);

/* Ends it and all of its connections; waits must have been ended before. */
void listener_stop(struct listener *listener);

#endif
