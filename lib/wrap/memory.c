#include "lib/wrap/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/secret.h"

void
memory_free(void *memory)
{
    if (!memory)
        return;
    secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

void *
memory_realloc(void *memory, size_t size)
{
    size_t old = memory ? malloc_usable_size(memory) : 0;
    void *fresh;

    if (memory && size > 0 && size <= old && size >= old / 2)
        return memory;
    fresh = malloc(size ? size : 1);
    if (!fresh)
        return NULL;
    if (memory)
        memcpy(fresh, memory, old < size ? old : size);
    memory_free(memory);
    return fresh;
}
