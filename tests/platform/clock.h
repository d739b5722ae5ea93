/*
 * Time as the platform counts it: seconds of CLOCK_MONOTONIC, so a test may
 * set the wall clock as it likes.
 */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

/* Seconds since some fixed moment. */
double clock_now(void);

/* The same by the platform's own clock, which says when what it has issued
 * ends, and which a test can put forward; state_lock() is held. */
double clock_date(void);
void clock_forward(double seconds);
void clock_reset(void);

/* Milliseconds since the first call, which main makes. */
double clock_since_start(void);

#endif
