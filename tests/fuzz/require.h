/*
 * require.h - what has to hold whatever a fuzzer feeds.
 */
#ifndef PARALLEL_TESTS_FUZZ_REQUIRE_H
#define PARALLEL_TESTS_FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void
require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

#endif
