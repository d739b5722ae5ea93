#include "helper/command.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/front.h"
#include "lib/base/text.h"

#define COMMAND_NOT_FOUND    127
#define COMMAND_NOT_RUN      126
#define COMMAND_DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

/* What a process is sent for what it does itself: not ours to wait for, nor
 * to pass on. */
static const int command_own_signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL,
                                          SIGSEGV, SIGSYS, SIGTRAP};

#define COUNT(table) (sizeof table / sizeof *table)

static void
command_all_signals(sigset_t *all)
{
    /* Not sigfillset(): to musl the first real-time signal is its own. */
    memset(all, 0xff, sizeof *all);
    for (size_t i = 0; i < COUNT(command_own_signals); i++)
        sigdelset(all, command_own_signals[i]);
}

void
command_prepare(struct command *command)
{
    struct sigaction standard = {.sa_handler = SIG_DFL}, before;

    sigaction(SIGCHLD, &standard, &before);
    command->no_children = before.sa_handler == SIG_IGN;
}

void
command_hold_signals(struct command *command, sigset_t *held)
{
    command_all_signals(held);
    sigprocmask(SIG_BLOCK, held, &command->before);
}

/* A script without "#!" is for the shell, as everywhere. */
static void
command_execute(const char *path, char **argv, char **script,
                char **environment)
{
    execve(path, argv, environment);
    if (errno != ENOEXEC)
        return;
    script[0] = (char *)"sh";
    script[1] = (char *)path;
    execve("/bin/sh", script, environment);
}

/* As execvp() does it, which is not the same in every libc. */
static void
command_search(const char *name, char **argv, char **script,
               char **environment)
{
    const char *folder = getenv("PATH");
    bool refused = false;
    char path[PATH_MAX];

    if (!folder)
        folder = COMMAND_DEFAULT_PATH;
    for (;;) {
        size_t len = strcspn(folder, ":");

        if (len + strlen(name) + 2 <= sizeof path) {
            memcpy(path, folder, len);
            path[len] = '\0';
            len = text_put(path, sizeof path, len, len ? "/" : "./");
            text_put(path, sizeof path, len, name);
            command_execute(path, argv, script, environment);
            if (errno == EACCES)
                refused = true;
            else if (errno != ENOENT && errno != ENOTDIR)
                return;
        }
        folder += strcspn(folder, ":");
        if (!*folder++)
            break;
    }
    errno = refused ? EACCES : ENOENT;
}

static int
command_complain(const char *name, int error)
{
    char shown[200], text[400];
    size_t used = text_put(text, sizeof text, 0, "cannot run ");

    used = text_put(text, sizeof text, used,
                    text_show(shown, sizeof shown, name));
    used = text_put(text, sizeof text, used, ": ");
    text_put(text, sizeof text, used, strerror(error));
    front_complain(text);
    return error == ENOENT ? COMMAND_NOT_FOUND : COMMAND_NOT_RUN;
}

/* In the child. */
static void
command_become(const struct command *command, char **script)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    const char *name = command->argv[0];

    if (command->no_children)
        sigaction(SIGCHLD, &ignore, NULL);
    sigprocmask(SIG_SETMASK, &command->before, NULL);
    if (strchr(name, '/') || !*name)
        command_execute(name, command->argv, script, command->environment);
    else
        command_search(name, command->argv, script, command->environment);
    _exit(command_complain(name, errno));
}

int
command_start(struct command *command)
{
    size_t count = 0;
    char **script;

    while (command->argv[count])
        count++;
    script = calloc(count + 3, sizeof *script);
    if (!script)
        return -1;
    memcpy(script + 2, command->argv + 1, count * sizeof *script);
    /* Not vfork(): a Ctrl-Z just before the exec would stop us both, and no
     * shell could tell. */
    command->pid = fork();
    if (command->pid == 0)
        command_become(command, script);
    free(script);
    return command->pid < 0 ? -1 : 0;
}

static bool
command_is_terminals(int number)
{
    switch (number) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGWINCH:
        return true;
    default:
        return false;
    }
}

void
command_signal(const struct command *command, int number, bool kernel)
{
    /* What our own writing may have brought. */
    if (number == SIGCHLD || number == SIGPIPE || number == SIGXFSZ ||
        number == SIGXCPU)
        return;
    if (!kernel || !command_is_terminals(number))
        kill(command->pid, number);
}

void
command_stopped(int number)
{
    sigset_t one;

    if (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU)
        return;
    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &one, NULL); /* here we stop */
    sigprocmask(SIG_BLOCK, &one, NULL);
}

int
command_status(int status)
{
    sigset_t one;

    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    if (WTERMSIG(status) == SIGINT) {
        sigemptyset(&one);
        sigaddset(&one, SIGINT);
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
    }
    return 128 + WTERMSIG(status);
}
