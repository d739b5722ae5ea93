/*
 * cleanup.h - variables that tidy up after themselves.
 *
 * A variable is declared and initialised in one line and released when it
 * leaves its scope; what a function returns is stolen from the variable:
 *
 *     cleanup_free char *name = strdup(text);
 *     cleanup_close int fd = open(name, O_RDONLY | O_CLOEXEC);
 *     ...
 *     return steal_fd(&fd);
 *
 * Every destructor accepts the empty value (NULL, -1).
 */
#ifndef PARALLEL_BASE_CLEANUP_H
#define PARALLEL_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void
cleanup_free_variable(void *variable)
{
    free(*(void **)variable);
}

/* Closes without disturbing errno, so that an error path can still tell. */
static inline void
cleanup_close_variable(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

#define cleanup_free  CLEANUP(cleanup_free_variable)
#define cleanup_close CLEANUP(cleanup_close_variable)

static inline int
steal_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#define steal_pointer(variable)                                               \
    __extension__({                                                           \
        __typeof__(*(variable)) taken_ = *(variable);                         \
        *(variable) = NULL;                                                   \
        taken_;                                                               \
    })

#endif
