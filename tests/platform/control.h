/*
 * The control port: how a test tells the platform what to do, and looks at
 * what it did. README.md lists the calls.
 */
#ifndef PLATFORM_CONTROL_H
#define PLATFORM_CONTROL_H

#include <microhttpd.h>

#include "tests/platform/request.h"

/* Answers a request of the control port. */
enum MHD_Result control_serve(const struct request *request);

#endif
