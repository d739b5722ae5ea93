#include "tests/platform/gate.h"

#include "tests/platform/clock.h"
#include "tests/platform/state.h"

static unsigned standing;
static unsigned openings;

bool
gate_stand(void)
{
    unsigned epoch = state_epoch();
    unsigned seen = openings;
    bool passed;

    standing++;
    state_changed();
    while (openings == seen && !state_is_over(epoch))
        state_wait(clock_now() + 3600);
    passed = openings != seen && !state_is_over(epoch);
    if (openings == seen)
        standing--;
    return passed;
}

unsigned
gate_open(void)
{
    unsigned count = standing;

    openings++;
    standing = 0;
    state_changed();
    return count;
}

unsigned
gate_standing(void)
{
    return standing;
}
