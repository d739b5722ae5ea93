/*
 * A request's way through the platform: counted and logged, struck by the
 * trouble that waits for it, processed, answered.
 */
#ifndef PLATFORM_SERVE_H
#define PLATFORM_SERVE_H

#include <microhttpd.h>

#include "tests/platform/request.h"

/* Answers a request that has arrived whole; may take as long as it likes. */
enum MHD_Result serve(struct request *request);

#endif
