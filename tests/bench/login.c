/*
 * login.c - times the sessions of PAM stacks against each other.
 *
 *     login [OPTION]... -- NAME SERVICE USER [DETAIL]... [-- NAME ...]...
 *
 *     --confdir DIR   where the services are described
 *     --rounds N      how often (300)
 *
 *     front=LINK=PATH  before each session, LINK is made to point to PATH
 *     restore=FILE     before each session, FILE has again what it had at the
 *                      start; if it was not there then, it goes away
 *
 * A round runs one session of every stack, in an order drawn anew, so that
 * whatever else goes on in the machine strikes them all alike. What is timed
 * is pam_open_session() and pam_close_session(); after that everything that a
 * session has left running is waited for. Per stack one line:
 *
 *     NAME MEDIAN P90 DELTA LOAD
 *
 * with tabs between, times in ms. DELTA is the median, over the rounds, of
 * this stack's time less that of the first stack in the same round; LOAD the
 * median time of pam_start() and pam_end(), in which the modules are loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACKS_MAX 16
#define FILES_MAX  4
#define WARM_UP    10

struct keepsake {
    const char *path;
    struct stat st; /* st_nlink 0: it was not there */
    char *text;
    size_t len;
};

struct stack {
    const char *name, *service, *user;
    char *link, *front; /* NULL: as it is */
    struct keepsake file[FILES_MAX];
    int files;
    double *ms, *load;
};

struct login {
    const char *confdir;
    int rounds;
    struct stack stack[STACKS_MAX];
    int count;
};

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
    fprintf(stderr, "login: %s: %s\n", what, why);
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

/* ---- files ---------------------------------------------------------------
 */

/* All of the file, with its length; NULL: it is not there. */
static char *
file_read(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *text;
    ssize_t n;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) < 0)
        fail(path, strerror(errno));
    text = checked(malloc((size_t)st.st_size + 1));
    n = read(fd, text, (size_t)st.st_size);
    if (n < 0)
        fail(path, strerror(errno));
    *len = (size_t)n;
    close(fd);
    return text;
}

static void
keepsake_take(struct keepsake *file, const char *path)
{
    file->path = path;
    if (stat(path, &file->st) < 0)
        file->st.st_nlink = 0;
    else
        file->text = file_read(path, &file->len);
}

/* A file that has not changed is not touched: a cache may know its times. */
static void
keepsake_restore(const struct keepsake *file)
{
    size_t len = 0;
    char *text = file_read(file->path, &len);
    int fd;

    if (!file->text) {
        if (text && unlink(file->path) < 0)
            fail(file->path, strerror(errno));
    } else if (!text || len != file->len ||
               memcmp(text, file->text, len) != 0) {
        fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || fchown(fd, file->st.st_uid, file->st.st_gid) < 0 ||
            write(fd, file->text, file->len) != (ssize_t)file->len)
            fail(file->path, strerror(errno));
        close(fd);
    }
    free(text);
}

static void
front_choose(const struct stack *stack)
{
    if (!stack->link)
        return;
    unlink(stack->link);
    if (symlink(stack->front, stack->link) < 0)
        fail(stack->link, strerror(errno));
}

/* ---- sessions ------------------------------------------------------------
 */

static int
converse(int count, const struct pam_message **message,
         struct pam_response **response, void *data)
{
    (void)message;
    (void)data;
    *response = checked(calloc((size_t)count, sizeof **response));
    return PAM_SUCCESS;
}

/* Orphans come to us: prctl() in main(). */
static void
wait_for_all(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static void
stack_run(const struct login *login, struct stack *stack, int round)
{
    struct pam_conv talk = {.conv = converse};
    pam_handle_t *pamh = NULL;
    double begin, start, stop;

    front_choose(stack);
    for (int i = 0; i < stack->files; i++)
        keepsake_restore(&stack->file[i]);
    begin = now_ms();
    if (pam_start_confdir(stack->service, stack->user, &talk, login->confdir,
                          &pamh) != PAM_SUCCESS)
        fail(stack->name, "pam_start_confdir");
    start = now_ms();
    if (pam_open_session(pamh, 0) != PAM_SUCCESS ||
        pam_close_session(pamh, 0) != PAM_SUCCESS)
        fail(stack->name, "the session was refused");
    stop = now_ms();
    pam_end(pamh, PAM_SUCCESS);
    if (round >= 0) {
        stack->ms[round] = stop - start;
        stack->load[round] = now_ms() - begin - stack->ms[round];
    }
    wait_for_all();
}

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
login_run(struct login *login)
{
    int order[STACKS_MAX];

    for (int i = 0; i < login->count; i++)
        order[i] = i;
    for (int round = -WARM_UP; round < login->rounds; round++) {
        for (int i = login->count - 1; i > 0; i--) {
            int j = (int)draw((uint32_t)i + 1), old = order[i];

            order[i] = order[j];
            order[j] = old;
        }
        for (int i = 0; i < login->count; i++)
            stack_run(login, &login->stack[order[i]], round);
    }
}

/* ---- figures -------------------------------------------------------------
 */

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The value that the given part of them does not exceed. */
static double
quantile(const double *value, int count, double part)
{
    double at = part * (count - 1);
    int low = (int)at, high = low + 1 < count ? low + 1 : low;
    double *sorted = checked(malloc((size_t)count * sizeof *sorted));
    double result;

    memcpy(sorted, value, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    result = sorted[low] + (sorted[high] - sorted[low]) * (at - low);
    free(sorted);
    return result;
}

static void
login_print(const struct login *login)
{
    const struct stack *first = login->stack;
    double *delta = checked(calloc((size_t)login->rounds, sizeof *delta));

    for (int i = 0; i < login->count; i++) {
        const struct stack *stack = &login->stack[i];

        for (int j = 0; j < login->rounds; j++)
            delta[j] = stack->ms[j] - first->ms[j];
        printf("%s\t%.4f\t%.4f\t%.4f\t%.4f\n", stack->name,
               quantile(stack->ms, login->rounds, 0.5),
               quantile(stack->ms, login->rounds, 0.9),
               quantile(delta, login->rounds, 0.5),
               quantile(stack->load, login->rounds, 0.5));
    }
    free(delta);
}

/* ---- what to do ------------------------------------------------------------
 */

static void
stack_read_detail(struct stack *stack, char *detail)
{
    if (strncmp(detail, "restore=", 8) == 0 && stack->files < FILES_MAX) {
        keepsake_take(&stack->file[stack->files++], detail + 8);
        return;
    }
    if (strncmp(detail, "front=", 6) != 0 || !strchr(detail + 6, '='))
        fail(detail, "there is no such detail");
    stack->link = detail + 6;
    stack->front = strchr(stack->link, '=');
    *stack->front++ = '\0';
}

static void
login_read_stacks(struct login *login, char **arg)
{
    while (*arg) {
        struct stack *stack = &login->stack[login->count++];

        arg++; /* "--" */
        if (login->count > STACKS_MAX || !arg[0] || !arg[1] || !arg[2])
            fail("--", "a name, a service and a user are needed");
        stack->name = *arg++;
        stack->service = *arg++;
        stack->user = *arg++;
        for (; *arg && strcmp(*arg, "--") != 0; arg++)
            stack_read_detail(stack, *arg);
        stack->ms = checked(calloc((size_t)login->rounds, sizeof(double)));
        stack->load = checked(calloc((size_t)login->rounds, sizeof(double)));
    }
    if (login->count == 0)
        fail("--", "no stack was given");
}

static char **
login_read_options(struct login *login, char **arg)
{
    for (; *arg && strcmp(*arg, "--") != 0; arg++) {
        const char *name = *arg;

        if (!*++arg)
            fail(name, "a value is missing");
        if (strcmp(name, "--confdir") == 0)
            login->confdir = *arg;
        else if (strcmp(name, "--rounds") == 0 && atoi(*arg) > 0)
            login->rounds = atoi(*arg);
        else
            fail(name, "there is no such option or value");
    }
    return arg;
}

int
main(int argc, char **argv)
{
    static struct login login = {.rounds = 300};

    (void)argc;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    login_read_stacks(&login, login_read_options(&login, argv + 1));
    login_run(&login);
    login_print(&login);
    return 0;
}
