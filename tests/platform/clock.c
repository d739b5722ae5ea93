#include "tests/platform/clock.h"

#include <time.h>

double
clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double forward;

double
clock_date(void)
{
    return clock_now() + forward;
}

void
clock_forward(double seconds)
{
    forward += seconds;
}

void
clock_reset(void)
{
    forward = 0;
}

double
clock_since_start(void)
{
    static double start;

    if (start == 0)
        start = clock_now();
    return (clock_now() - start) * 1000;
}
