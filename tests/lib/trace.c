#include "tests/lib/trace.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char
trace_char(size_t i, unsigned seed)
{
    uint32_t x = (uint32_t)i * 2654435761U + seed * 40503U;

    x ^= x >> 15;
    x *= 2246822519U;
    x ^= x >> 13;
    return (char)('a' + x % 26);
}

void
trace_make(char *out, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        out[i] = trace_char(i, seed);
    out[len] = '\0';
}

static bool
trace_is_here(const char *bytes, size_t len, unsigned seed)
{
    for (size_t i = 0; i < 16; i++)
        if (bytes[i] != trace_char(len / 2 + i, seed))
            return false;
    return true;
}

static int
trace_count(const char *bytes, size_t size, size_t len, unsigned seed)
{
    int found = 0;

    for (size_t i = 0; i + 16 <= size; i++)
        if (trace_is_here(bytes + i, len, seed))
            found++;
    return found;
}

/* What is read is a copy, too: this one is not looked at. */
static char trace_piece[65536];

/* Memory, read through the kernel in pieces that overlap by what is looked
 * for. */
static int
trace_read(int memory, uintptr_t start, uintptr_t end, size_t len,
           unsigned seed)
{
    int found = 0;

    while (start < end) {
        size_t want = end - start < sizeof trace_piece ? end - start
                                                       : sizeof trace_piece;
        ssize_t n = pread(memory, trace_piece, want, (off_t)start);

        if (n < 16)
            break;
        found += trace_count(trace_piece, (size_t)n, len, seed);
        start +=
            (uintptr_t)n == end - start ? (uintptr_t)n : (uintptr_t)n - 15;
    }
    memset(trace_piece, 0, sizeof trace_piece);
    return found;
}

/* One mapping; the sanitizers' shadow is not worth reading. */
static int
trace_scan(int memory, uintptr_t start, uintptr_t end, size_t len,
           unsigned seed)
{
    uintptr_t piece = (uintptr_t)trace_piece;

    if (end - start > (uintptr_t)1 << 32)
        return 0;
    if (piece < start || piece >= end)
        return trace_read(memory, start, end, len, seed);
    return trace_read(memory, start, piece, len, seed) +
           trace_read(memory, piece + sizeof trace_piece, end, len, seed);
}

int
trace_find(size_t len, unsigned seed)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), found = 0;
    char line[512];

    if (!maps || memory < 0)
        return -1;
    while (fgets(line, sizeof line, maps)) {
        uintptr_t start, end;
        char mode[8];

        if (sscanf(line, "%lx-%lx %4s", &start, &end, mode) == 3 &&
            mode[0] == 'r' && mode[1] == 'w')
            found += trace_scan(memory, start, end, len, seed);
    }
    fclose(maps);
    close(memory);
    return found;
}

int
trace_run_alone(const char *program)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        setenv("LD_BIND_NOW", "1", 1);
        execlp(program, program, "alone", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
