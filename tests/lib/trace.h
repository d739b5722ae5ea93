/*
 * trace.h - whether this process still has a secret in its memory.
 *
 * The secret is known only by its seed, so that the test itself keeps no copy
 * of it around: trace_make() writes it where it is used, trace_find() looks
 * for it wherever this process can write.
 */
#ifndef PARALLEL_TESTS_TRACE_H
#define PARALLEL_TESTS_TRACE_H

#include <stddef.h>

/* Write len visible characters and a NUL to out. */
void trace_make(char *out, size_t len, unsigned seed);

/* How many copies of (16 bytes of the middle of) that text there are; -1 when
 * the memory cannot be read. */
int trace_find(size_t len, unsigned seed);

/*
 * Run program (argv[0] of the test) with the one argument "alone" and all
 * functions looked up beforehand: the dynamic linker, when it looks one up
 * later, saves the vector registers, and what they happen to hold, on the
 * stack. Returns the program's exit status.
 */
int trace_run_alone(const char *program);

#endif
