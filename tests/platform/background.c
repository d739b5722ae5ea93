#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "tests/platform/background.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/platform/memory.h"

#define READY "ready"

static int parent = -1;

/* The parent: waits for the child's word. */
static void
await(int from)
{
    char word[512];
    size_t length = 0;
    ssize_t got;

    while (length < sizeof(word) - 1 &&
           (got = read(from, word + length, sizeof(word) - 1 - length)) > 0)
        length += (size_t)got;
    word[length] = '\0';
    if (strcmp(word, READY) == 0)
        exit(0);
    fprintf(stderr, "platform: %s\n", *word ? word : "died while starting");
    exit(1);
}

/* Makes file descriptor 3 the pipe and closes everything above it. */
static void
keep_only(int pipe_end)
{
    if (pipe_end != 3) {
        dup2(pipe_end, 3);
        pipe_end = 3;
    }
    fcntl(3, F_SETFD, FD_CLOEXEC);
    close_range(4, ~0U, 0);
    parent = pipe_end;
}

void
background_enter(const char *dir)
{
    char *path = memory_format("%s/platform.out", dir);
    int out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int ends[2];
    pid_t child;

    if (out < 0 || in < 0 || pipe2(ends, O_CLOEXEC) < 0) {
        perror("platform: background");
        exit(1);
    }
    free(path);
    child = fork();
    if (child < 0) {
        perror("platform: fork");
        exit(1);
    }
    if (child > 0) {
        close(ends[1]);
        await(ends[0]);
    }
    setsid();
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    keep_only(ends[1]);
}

void
background_tell(const char *failure)
{
    const char *word = failure ? failure : READY;

    if (parent < 0)
        return;
    if (write(parent, word, strlen(word)) < 0)
        perror("platform: telling the parent");
    close(parent);
    parent = -1;
}
