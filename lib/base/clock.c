#include "lib/base/clock.h"

#include <time.h>

static int64_t
clock_read(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) < 0)
        return 0;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct moment
clock_now(void)
{
    return (struct moment){clock_read(CLOCK_REALTIME),
                           clock_read(CLOCK_BOOTTIME)};
}

static int64_t
clock_add(int64_t base, int64_t ms)
{
    int64_t sum;

    if (base == 0)
        return 0;
    if (__builtin_add_overflow(base, ms, &sum))
        return ms > 0 ? INT64_MAX : 1;
    return sum > 0 ? sum : 1;
}

struct moment
clock_after(struct moment when, int64_t ms)
{
    return (struct moment){clock_add(when.real, ms), clock_add(when.boot, ms)};
}

bool
clock_reached(struct moment when, struct moment now)
{
    return (when.real && now.real >= when.real) ||
           (when.boot && now.boot >= when.boot);
}
