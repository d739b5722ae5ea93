/*
 * handover.c - becoming the broker.
 */
#include "helper/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

extern char **environ;

static bool front_is_hushed;

void
front_hush(void)
{
    front_is_hushed = true;
}

void
front_complain(const char *text)
{
    char line[1024];
    size_t used = text_put(line, sizeof line, 0, "parallel-credential: ");

    /* Room is left for the line's end. */
    used = text_put(line, sizeof line - 1, used, text);
    used = text_put(line, sizeof line, used, "\n");
    if (!front_is_hushed)
        file_write_all(STDERR_FILENO, line, used);
}

int
front_answer(const struct secret *answer)
{
    if (file_write_all(STDOUT_FILENO, answer->data, answer->len) == 0)
        return FAIL_NONE;
    if (errno != EPIPE)
        front_complain("cannot write to standard output");
    return FAIL_SERVICE;
}

/* What was in standard input lies in memory for the broker. */
static int
front_replay(const struct secret *input)
{
    int fd;

    fd = (int)syscall(SYS_memfd_create, "request", 1U /* close on exec */);
    if (fd < 0)
        return -1;
    if (file_write_all(fd, input->data, input->len) < 0 ||
        lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0) {
        close(fd);
        return -1;
    }
    return 0;
}

/* Standard input was read: the broker reads it once more. */
static int
front_replay_input(const struct front *front)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    const struct fields *request = &front->request;

    if (front->has_input)
        return front_replay(&front->input);
    if (!front->has_request)
        return 0;
    for (size_t i = 0; i < request->count; i++)
        if (fields_put(&block, request->item[i].key, request->item[i].value) <
            0)
            return -1;
    return fields_end(&block) < 0 ? -1 : front_replay(&block);
}

static int
front_count_arguments(char **argv)
{
    int count = 0;

    while (argv[count])
        count++;
    return count;
}

int
front_become_broker(struct front *front)
{
    int count = front_count_arguments(front->argv), used = 0;
    char **argv = calloc((size_t)count + 2, sizeof *argv);
    char lock_option[32], text[512];

    signal(SIGXFSZ, SIG_IGN); /* the broker ignores it as well */
    if (!argv || front_replay_input(front) < 0) {
        front_complain("cannot hand the request over to the broker");
        free(argv);
        return FAIL_SERVICE;
    }
    argv[used++] = front->argv[0];
    if (front->lock >= 0) {
        fcntl(front->lock, F_SETFD, 0);
        text_put_number(
            lock_option, sizeof lock_option,
            text_put(lock_option, sizeof lock_option, 0, "--renewing="),
            front->lock);
        argv[used++] = lock_option;
    }
    for (int i = 1; i < count; i++)
        argv[used++] = front->argv[i];
    execve(BROKER_PATH, argv, environ);
    text_put(text, sizeof text,
             text_put(text, sizeof text, 0, "cannot run " BROKER_PATH ": "),
             strerror(errno));
    front_complain(text);
    free(argv);
    return FAIL_SERVICE;
}
