/*
 * Which request goes where. A handler is called with the lock of state.h
 * held and fills in the reply.
 */
#ifndef PLATFORM_ROUTE_H
#define PLATFORM_ROUTE_H

#include "tests/platform/endpoint.h"
#include "tests/platform/reply.h"
#include "tests/platform/request.h"

struct route {
    enum port port;
    const char *method; /* NULL: any */
    const char *path;   /* a segment * is an id; NULL: any path */
    enum endpoint endpoint;
    void (*handle)(const struct request *request, struct reply *reply);
};

/*
 * Finds the route of a request of one of the service's ports (never the
 * control port) and writes the ids in its path to request->capture. There is
 * always one: what is unknown goes to a handler that answers 404 or 405.
 */
const struct route *route_find(struct request *request);

/* The endpoint of a request that has this route: tells the grants apart. */
enum endpoint route_endpoint(const struct route *route,
                             const struct request *request);

#endif
