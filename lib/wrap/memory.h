/*
 * memory.h - free() and realloc() that wipe what they let go, for a library
 * that takes functions of its own for this.
 */
#ifndef PARALLEL_WRAP_MEMORY_H
#define PARALLEL_WRAP_MEMORY_H

#include <stddef.h>

void memory_free(void *memory);
void *memory_realloc(void *memory, size_t size);

#endif
