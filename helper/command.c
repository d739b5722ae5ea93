#include "helper/command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/front.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define COMMAND_NOT_FOUND    127
#define COMMAND_NOT_RUN      126
#define COMMAND_DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

/* What a process is sent for what it does itself: not ours to wait for, nor
 * to pass on. */
static const int command_own_signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL,
                                          SIGSEGV, SIGSYS, SIGTRAP};

/* By these the terminal stops what runs in it. */
static const int command_stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};

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

static int
command_try(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return errno;
    if (!S_ISREG(st.st_mode)) {
        errno = EACCES;
        return errno;
    }
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* Where name is, as execvp() would look for it: 0, or the reason why it cannot
 * be run. */
static int
command_find(const char *name, char *path)
{
    const char *folder = getenv("PATH");
    int reason = ENOENT;

    if (strlen(name) >= PATH_MAX)
        return ENAMETOOLONG;
    text_put(path, PATH_MAX, 0, name);
    if (strchr(name, '/') || !*name)
        return command_try(name);
    for (folder = folder ? folder : COMMAND_DEFAULT_PATH;; folder++) {
        size_t len = strcspn(folder, ":");

        if (len + strlen(name) + 3 <= PATH_MAX) {
            memcpy(path, folder, len);
            path[len] = '\0';
            len = text_put(path, PATH_MAX, len, len ? "/" : "./");
            text_put(path, PATH_MAX, len, name);
            switch (command_try(path)) {
            case 0:
                return 0;
            case EACCES:
                reason = EACCES;
            }
        }
        folder += strcspn(folder, ":");
        if (!*folder)
            return reason;
    }
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

/*
 * In the child: what would stop us now would also stop our parent, who waits
 * for our exec and could not even tell the shell. It is put off until then.
 */
static void
command_put_off_stop(struct command *command)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    sigset_t pending;

    sigpending(&pending);
    for (size_t i = 0; i < COUNT(command_stops); i++) {
        int number = command_stops[i];

        if (!sigismember(&pending, number) ||
            sigismember(&command->before, number))
            continue;
        sigaction(number, &ignore, &before); /* that one is gone now */
        sigaction(number, &before, NULL);
        command->stop = number;
    }
}

/* In the child. A script without "#!" is for the shell, as everywhere. */
static void
command_become(struct command *command, const char *path, char **script)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    if (command->no_children)
        sigaction(SIGCHLD, &ignore, NULL);
    command_put_off_stop(command);
    sigprocmask(SIG_SETMASK, &command->before, NULL);
    execve(path, command->argv, command->environment);
    if (errno == ENOEXEC) {
        script[0] = (char *)"sh";
        script[1] = (char *)path;
        execve("/bin/sh", script, command->environment);
    }
    _exit(command_complain(command->argv[0], errno));
}

/*
 * Who reads what the command writes, or writes what it reads, waits for the
 * end of the pipe, and that must not be ours. Descriptors of files stay: there
 * may be a lock that goes away when they are closed.
 */
static void
command_leave_pipes(void)
{
    cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    DIR *list = opendir("/proc/self/fd");
    const struct dirent *entry;
    struct stat st;
    int64_t fd;

    while (list && null >= 0 && (entry = readdir(list))) {
        /* What we have opened ourselves is close-on-exec. */
        if (text_to_number(entry->d_name, INT_MAX, &fd) < 0 ||
            fcntl((int)fd, F_GETFD) != 0 || fstat((int)fd, &st) < 0 ||
            (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)))
            continue;
        if (fd < 3)
            dup2(null, (int)fd);
        else
            close((int)fd);
    }
    if (list)
        closedir(list);
}

int
command_start(struct command *command)
{
    char path[PATH_MAX];
    int reason = command_find(command->argv[0], path);
    size_t count = 0;
    char **script;

    if (reason)
        return command_complain(command->argv[0], reason);
    while (command->argv[count])
        count++;
    script = calloc(count + 3, sizeof *script);
    if (!script)
        return -1;
    memcpy(script + 2, command->argv + 1, count * sizeof *script);
    sigpending(&command->early);
    command->pid = vfork();
    if (command->pid == 0)
        command_become(command, path, script);
    if (command->pid > 0 && command->stop)
        kill(command->pid, command->stop);
    if (command->pid > 0)
        command_leave_pipes();
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
command_signal(struct command *command, int number, bool kernel)
{
    bool early = sigismember(&command->early, number) == 1;

    /* What our own writing may have brought. */
    if (number == SIGCHLD || number == SIGPIPE || number == SIGXFSZ ||
        number == SIGXCPU)
        return;
    if (early)
        sigdelset(&command->early, number);
    if (!kernel || early || !command_is_terminals(number))
        kill(command->pid, number);
}

static bool
command_has_terminal(void)
{
    int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

    if (tty >= 0)
        close(tty);
    return tty >= 0;
}

void
command_stopped(int number)
{
    sigset_t one;

    /* A shell that is suspended stops itself like this. Where no shell waits
     * for us, nobody would continue us as well. */
    if (number == SIGSTOP && !command_has_terminal())
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
