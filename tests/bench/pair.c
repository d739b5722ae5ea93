/*
 * pair.c - times commands against each other.
 *
 *     pair [OPTION]... -- NAME COMMAND... [-- NAME COMMAND...]...
 *
 *     --rounds N     how often (200)
 *     --crowd N      one run starts N of the command at once, and ends when
 *                    the last of them has ended (1)
 *     --stdin FILE   standard input of all (/dev/null)
 *     --stdout FILE  standard output of all, appended ("/dev/null"); "|" is
 *                    a pipe, emptied as git empties that of a helper
 *     --memory       measure the peak memory too, in runs of its own
 *
 * A round runs every command once, in an order drawn anew, so that whatever
 * else goes on in the machine strikes them all alike. Per command one line:
 *
 *     NAME MEDIAN P90 PEAK RATIO1 RATIO2 ...
 *
 * with tabs between, times in ms, memory in KB ("-" if not measured). RATIO n
 * is the median, over the rounds, of this command's time divided by that of
 * command n in the same round. COMMAND is a path; it has to exit with 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 32
#define WARM_UP      5
#define MEMORY_RUNS  15

struct command {
    const char *name;
    char **argv;
    double *ms; /* of every round */
    long peak;  /* KB */
};

struct pair {
    struct command command[COMMANDS_MAX];
    int count;
    int rounds;
    int crowd;
    int in;
    int out; /* -1: a pipe */
    bool memory;
};

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "pair: %s: %s\n", what, why);
    exit(1);
}

static void *
checked(void *memory)
{
    if (!memory)
        fail("memory", "none left");
    return memory;
}

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- one run ------------------------------------------------------------ */

/* Nothing but system calls in the child: it borrows our memory. */
static pid_t
command_start(const struct command *command, int in, int out, bool traced)
{
    pid_t child = vfork();

    if (child == 0) {
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        if (traced)
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(command->argv[0], command->argv);
        _exit(127);
    }
    if (child < 0)
        fail(command->name, strerror(errno));
    return child;
}

static void
command_check(const struct command *command, int status)
{
    char why[64];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    snprintf(why, sizeof why, "ended with %s %d",
             WIFEXITED(status) ? "exit code" : "signal",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    fail(command->name, why);
}

static void
pipe_empty(int fd)
{
    char text[65536];
    ssize_t n;

    do {
        n = read(fd, text, sizeof text);
    } while (n > 0 || (n < 0 && errno == EINTR));
}

static void
command_wait(const struct command *command, pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fail(command->name, strerror(errno));
    command_check(command, status);
}

/* The time from the first start to the last end. */
static double
command_time(const struct pair *pair, const struct command *command,
             pid_t *child)
{
    int ends[2] = {-1, -1};
    double start;

    lseek(pair->in, 0, SEEK_SET);
    if (pair->out < 0 && pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe", strerror(errno));
    start = now_ms();
    for (int i = 0; i < pair->crowd; i++)
        child[i] = command_start(command, pair->in,
                                 pair->out < 0 ? ends[1] : pair->out, false);
    if (pair->out < 0) {
        close(ends[1]);
        pipe_empty(ends[0]);
        close(ends[0]);
    }
    for (int i = 0; i < pair->crowd; i++)
        command_wait(command, child[i]);
    return now_ms() - start;
}

/* ---- memory ----------------------------------------------------------------
 *
 * ru_maxrss, which wait4() gives, is not the command's own peak: on Linux an
 * exec notes the size of the memory that it leaves behind (exec_mmap(), and
 * after a vfork that is ours) and ru_maxrss is the largest of all. So the
 * command is traced up to its exit, where VmHWM tells the peak of the memory
 * that the last exec gave it, and of nothing else.
 */

static long
process_peak(pid_t pid)
{
    char path[64], line[256];
    long peak = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    file = fopen(path, "re");
    while (file && peak < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    if (file)
        fclose(file);
    return peak;
}

static long
command_peak(const struct pair *pair, const struct command *command)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
    long peak = -1;
    pid_t child;

    lseek(pair->in, 0, SEEK_SET);
    child = command_start(command, pair->in, null, true);
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        long number = WSTOPSIG(status);

        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
            peak = process_peak(child);
        if (number == SIGTRAP) {
            number = 0; /* an exec, or the exit: no signal for it */
            ptrace(PTRACE_SETOPTIONS, child, NULL,
                   PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
        }
        ptrace(PTRACE_CONT, child, NULL, number);
    }
    close(null);
    command_check(command, status);
    return peak;
}

/* ---- rounds ------------------------------------------------------------- */

static uint32_t
draw(uint32_t below)
{
    static uint32_t state = 2463534242U;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static void
shuffle(int *order, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)draw((uint32_t)i + 1), old = order[i];

        order[i] = order[j];
        order[j] = old;
    }
}

static void
pair_run(struct pair *pair)
{
    pid_t *child = checked(calloc((size_t)pair->crowd, sizeof *child));
    int order[COMMANDS_MAX];
    int warm_up = pair->rounds > 1 ? WARM_UP : 0;

    for (int i = 0; i < pair->count; i++)
        order[i] = i;
    for (int round = -warm_up; round < pair->rounds; round++) {
        shuffle(order, pair->count);
        for (int i = 0; i < pair->count; i++) {
            struct command *command = &pair->command[order[i]];
            double ms = command_time(pair, command, child);

            if (round >= 0)
                command->ms[round] = ms;
        }
    }
    free(child);
}

static void
pair_weigh(struct pair *pair)
{
    for (int i = 0; i < pair->count; i++)
        for (int run = 0; run < MEMORY_RUNS; run++) {
            long peak = command_peak(pair, &pair->command[i]);

            if (peak > pair->command[i].peak)
                pair->command[i].peak = peak;
        }
}

/* ---- figures ------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The value that the given part of them does not exceed; sorts them. */
static double
quantile(double *value, int count, double part)
{
    double at = part * (count - 1);
    int low = (int)at, high = low + 1 < count ? low + 1 : low;

    qsort(value, (size_t)count, sizeof *value, compare);
    return value[low] + (value[high] - value[low]) * (at - low);
}

static double
ratio(const struct command *a, const struct command *b, int rounds,
      double *room)
{
    for (int i = 0; i < rounds; i++)
        room[i] = a->ms[i] / b->ms[i];
    return quantile(room, rounds, 0.5);
}

static void
pair_print(const struct pair *pair)
{
    size_t size = (size_t)pair->rounds * sizeof(double);
    double *room = checked(malloc(size));

    for (int i = 0; i < pair->count; i++) {
        const struct command *command = &pair->command[i];

        memcpy(room, command->ms, size);
        printf("%s\t%.4f\t%.4f\t", command->name,
               quantile(room, pair->rounds, 0.5),
               quantile(room, pair->rounds, 0.9));
        if (command->peak >= 0)
            printf("%ld", command->peak);
        else
            printf("-");
        for (int j = 0; j < pair->count; j++)
            printf("\t%.3f",
                   ratio(command, &pair->command[j], pair->rounds, room));
        printf("\n");
    }
    free(room);
}

/* ---- what to do --------------------------------------------------------- */

static int
open_checked(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        fail(path, strerror(errno));
    return fd;
}

static int
number(const char *name, const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*end || value < 1 || value > 1000000)
        fail(name, "a number from 1 on is needed");
    return (int)value;
}

/* The options; returns where the first "--" stands. */
static char **
pair_read_options(struct pair *pair, char **arg)
{
    for (; *arg && strcmp(*arg, "--") != 0; arg++) {
        const char *name = *arg;

        if (strcmp(name, "--memory") == 0) {
            pair->memory = true;
            continue;
        }
        if (!*++arg)
            fail(name, "a value is missing");
        if (strcmp(name, "--rounds") == 0)
            pair->rounds = number(name, *arg);
        else if (strcmp(name, "--crowd") == 0)
            pair->crowd = number(name, *arg);
        else if (strcmp(name, "--stdin") == 0)
            pair->in = open_checked(*arg, O_RDONLY);
        else if (strcmp(name, "--stdout") == 0 && strcmp(*arg, "|") == 0)
            pair->out = -1;
        else if (strcmp(name, "--stdout") == 0)
            pair->out = open_checked(*arg, O_WRONLY | O_APPEND | O_CREAT);
        else
            fail(name, "there is no such option");
    }
    return arg;
}

static void
pair_read_commands(struct pair *pair, char **arg)
{
    while (*arg) {
        struct command *command = &pair->command[pair->count++];

        *arg++ = NULL; /* "--" ends the command before */
        if (pair->count > COMMANDS_MAX || !arg[0] || !arg[1])
            fail("--", "a name and a command are needed, for at most 32");
        *command = (struct command){.name = arg[0], .argv = arg + 1};
        command->ms =
            checked(calloc((size_t)pair->rounds, sizeof *command->ms));
        command->peak = -1;
        while (*arg && strcmp(*arg, "--") != 0)
            arg++;
    }
    if (pair->count == 0)
        fail("--", "no command was given");
}

int
main(int argc, char **argv)
{
    struct pair pair = {.rounds = 200, .crowd = 1};

    (void)argc;
    pair.in = open_checked("/dev/null", O_RDONLY);
    pair.out = open_checked("/dev/null", O_WRONLY);
    pair_read_commands(&pair, pair_read_options(&pair, argv + 1));
    pair_run(&pair);
    if (pair.memory)
        pair_weigh(&pair);
    pair_print(&pair);
    return 0;
}
