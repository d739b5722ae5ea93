/*
 * Time as the platform counts it: seconds of CLOCK_MONOTONIC, so a test may
 * set the wall clock as it likes.
 */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

/* Seconds since some fixed moment. */
double clock_now(void);

/* Milliseconds since the first call, which main makes. */
double clock_since_start(void);

#endif
