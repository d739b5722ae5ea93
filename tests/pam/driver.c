/*
 * driver.c - a login program that does as it is told.
 *
 *     driver [OPTION]... WORD...
 *
 *     --confdir DIR   where the PAM services are described
 *     --service NAME  which one (login)
 *     --user NAME     PAM_USER; without it nobody is named
 *     --talk KIND     the conversation: ok, fail (PAM_CONV_ERR), null (no
 *                     response), untouched (success, the response is not
 *                     even set), none (there is no function)
 *     --log PATH      listen there for what goes to the system log
 *     --locale NAME   setlocale()
 *
 * The words, done in their order:
 *
 *     open silent-open close silent-close auth     the PAM calls
 *     setcred:est setcred:reinit setcred:refresh setcred:delete
 *     user:NAME tty:NAME    pam_set_item()
 *     env                   the PAM environment
 *     end                   pam_end(); the next call starts anew
 *     loop:N                N times start, open, close, end
 *     crowd:N               opens a session for each of USER1 to USERN at
 *                           once; crowd-end closes them
 *     gate                  says so, and waits for a line on standard input
 *     state                 descriptors, children, memory, signals
 *     maps                  the files that are mapped into this process
 *     child, reap           a child of our own that exits with 7 at once;
 *                           its status
 *     sigchld:HOW sigpipe:HOW   ignore, handle or default
 *     signals:HOW           block, ignore or handle all of them
 *     alarm:N               a signal, handled, every N microseconds
 *     swap                  what PAM has left open is replaced by other files
 *     close-standard        closes descriptors 0 to 2
 *     leak:N                opens N descriptors that an exec passes on
 *     nofile:N              the limit of descriptors
 *     setenv:NAME=VALUE     our own environment
 *     terminal              a controlling terminal of our own
 *     umask:OCTAL chdir:DIR exit:STATUS
 *
 * Every event is a line: "open PAM_SUCCESS 3" with the time in ms, "say STYLE
 * TEXT" for a message, "env TEXT", "log LEVEL TEXT". Bytes of foreign text
 * other than printable ASCII are written as \xNN.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define CROWD_MAX 2000
/* Our own descriptors lie from here on. */
#define OWN_FD 200

static struct {
    const char *confdir, *service, *user, *talk, *log;
    FILE *out;
    int log_fd;
    pam_handle_t *pamh;
    pam_handle_t *crowd[CROWD_MAX];
    int crowd_count;
    int status; /* of the last PAM call */
    pid_t child;
} driver = {.service = "login", .talk = "ok", .log_fd = -1};

static volatile sig_atomic_t handled; /* signals, by our handler */
static bool quiet;                    /* messages are not printed */

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("driver: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(99);
}

static long
number(const char *text, int base)
{
    char *end;
    long value = strtol(text, &end, base);

    if (!*text || *end || value < 0)
        fail("%s: a number is needed", text);
    return value;
}

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
put_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\\')
            fputs("\\\\", driver.out);
        else if (c >= ' ' && c <= '~')
            fputc(c, driver.out);
        else
            fprintf(driver.out, "\\x%02x", c);
    }
    fputc('\n', driver.out);
}

/* ---- the conversation ----------------------------------------------------
 */

static void
show_message(const struct pam_message *message)
{
    static const char *const style[] = {"?", "off", "on", "error", "info"};
    int number_of = message->msg_style;

    fprintf(driver.out, "say %s ",
            number_of > 0 && number_of < 5 ? style[number_of] : "?");
    put_text(message->msg, strlen(message->msg));
    fflush(driver.out);
}

static int
converse(int count, const struct pam_message **message,
         struct pam_response **response, void *data)
{
    (void)data;
    for (int i = 0; i < count && !quiet; i++)
        show_message(message[i]);
    if (strcmp(driver.talk, "fail") == 0)
        return PAM_CONV_ERR;
    if (strcmp(driver.talk, "untouched") == 0)
        return PAM_SUCCESS;
    *response = NULL;
    if (strcmp(driver.talk, "null") == 0)
        return PAM_SUCCESS;
    *response = calloc((size_t)count, sizeof **response);
    if (!*response)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        (*response)[i].resp = strdup("an answer");
    return PAM_SUCCESS;
}

/* ---- PAM -----------------------------------------------------------------
 */

static const char *
result_name(int result)
{
    static char text[32];

    switch (result) {
    case PAM_SUCCESS:
        return "PAM_SUCCESS";
    case PAM_IGNORE:
        return "PAM_IGNORE";
    case PAM_PERM_DENIED:
        return "PAM_PERM_DENIED";
    case PAM_SESSION_ERR:
        return "PAM_SESSION_ERR";
    case PAM_SYSTEM_ERR:
        return "PAM_SYSTEM_ERR";
    case PAM_MODULE_UNKNOWN:
        return "PAM_MODULE_UNKNOWN";
    case PAM_ABORT:
        return "PAM_ABORT";
    default:
        snprintf(text, sizeof text, "%d", result);
        return text;
    }
}

static pam_handle_t *
start(const char *user)
{
    struct pam_conv talk = {
        .conv = strcmp(driver.talk, "none") == 0 ? NULL : converse};
    pam_handle_t *pamh = NULL;
    int result =
        pam_start_confdir(driver.service, user, &talk, driver.confdir, &pamh);

    if (result != PAM_SUCCESS)
        fail("pam_start_confdir: %s", result_name(result));
    return pamh;
}

static pam_handle_t *
handle(void)
{
    if (!driver.pamh)
        driver.pamh = start(driver.user);
    return driver.pamh;
}

static void
end(void)
{
    if (driver.pamh)
        pam_end(driver.pamh, driver.status);
    driver.pamh = NULL;
}

static void
call(const char *word, int (*function)(pam_handle_t *, int), int flags)
{
    pam_handle_t *pamh = handle();
    double begin = now_ms();

    driver.status = function(pamh, flags);
    fprintf(driver.out, "%s %s %.1f\n", word, result_name(driver.status),
            now_ms() - begin);
}

static void
do_call(const char *word, const char *argument)
{
    (void)argument;
    if (strcmp(word, "open") == 0)
        call(word, pam_open_session, 0);
    else if (strcmp(word, "silent-open") == 0)
        call(word, pam_open_session, (int)PAM_SILENT);
    else if (strcmp(word, "close") == 0)
        call(word, pam_close_session, 0);
    else if (strcmp(word, "silent-close") == 0)
        call(word, pam_close_session, (int)PAM_SILENT);
    else
        call(word, pam_authenticate, 0);
}

static void
do_setcred(const char *word, const char *what)
{
    if (strcmp(what, "est") == 0)
        call(word, pam_setcred, (int)PAM_ESTABLISH_CRED);
    else if (strcmp(what, "reinit") == 0)
        call(word, pam_setcred, (int)PAM_REINITIALIZE_CRED);
    else if (strcmp(what, "refresh") == 0)
        call(word, pam_setcred, (int)PAM_REFRESH_CRED);
    else if (strcmp(what, "delete") == 0)
        call(word, pam_setcred, (int)PAM_DELETE_CRED);
    else
        fail("setcred:%s", what);
}

static void
do_item(const char *word, const char *value)
{
    int item = strcmp(word, "user") == 0 ? PAM_USER : PAM_TTY;

    if (pam_set_item(handle(), item, value) != PAM_SUCCESS)
        fail("pam_set_item %s", word);
}

static void
do_env(const char *word, const char *argument)
{
    char **list = pam_getenvlist(handle());

    (void)argument;
    for (char **each = list; each && *each; each++) {
        fprintf(driver.out, "%s ", word);
        put_text(*each, strlen(*each));
        free(*each);
    }
    free(list);
}

static void
do_end(const char *word, const char *argument)
{
    (void)word;
    (void)argument;
    end();
}

static void
do_loop(const char *word, const char *argument)
{
    long rounds = number(argument, 10), failed = 0;
    double begin = now_ms();

    end();
    quiet = true;
    for (long i = 0; i < rounds; i++) {
        pam_handle_t *pamh = start(driver.user);

        failed += pam_open_session(pamh, 0) != PAM_SUCCESS;
        failed += pam_close_session(pamh, 0) != PAM_SUCCESS;
        pam_end(pamh, PAM_SUCCESS);
    }
    quiet = false;
    fprintf(driver.out, "%s %ld failed %ld, %.3f ms each\n", word, rounds,
            failed, (now_ms() - begin) / (double)(rounds ? rounds : 1));
}

static void
do_crowd(const char *word, const char *argument)
{
    long count = number(argument, 10), failed = 0;
    double begin = now_ms();
    char user[64];

    if (count > CROWD_MAX)
        fail("a crowd of %d at most", CROWD_MAX);
    quiet = true;
    for (int i = 0; i < count; i++) {
        snprintf(user, sizeof user, "%s%d", driver.user, i + 1);
        driver.crowd[i] = start(user);
        failed += pam_open_session(driver.crowd[i], 0) != PAM_SUCCESS;
    }
    quiet = false;
    driver.crowd_count = (int)count;
    fprintf(driver.out, "%s %ld failed %ld, %.1f ms each\n", word, count,
            failed, (now_ms() - begin) / (double)(count ? count : 1));
}

static void
do_crowd_end(const char *word, const char *argument)
{
    (void)word;
    (void)argument;
    for (int i = 0; i < driver.crowd_count; i++) {
        pam_close_session(driver.crowd[i], 0);
        pam_end(driver.crowd[i], PAM_SUCCESS);
    }
    driver.crowd_count = 0;
}

/* ---- this process --------------------------------------------------------
 */

/* Reading them takes no descriptor below OWN_FD: those are the caller's. */
static int
open_high(const char *path, int flags)
{
    int low = open(path, flags | O_CLOEXEC);
    int high = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, OWN_FD);

    if (low < 0 || high < 0)
        fail("%s: %s", path, strerror(errno));
    close(low);
    return high;
}

static void
put_descriptors(void)
{
    DIR *folder = fdopendir(open_high("/proc/self/fd", O_RDONLY));
    struct dirent *entry;
    long least = -1;
    bool first = true;

    if (!folder)
        fail("/proc/self/fd");
    fputs("fds=", driver.out);
    /* In ascending order, whatever the order of the folder. */
    for (;;) {
        long next = -1;

        rewinddir(folder);
        while ((entry = readdir(folder))) {
            long fd = strtol(entry->d_name, NULL, 10);
            if (entry->d_name[0] != '.' && fd < OWN_FD && fd > least &&
                (next < 0 || fd < next))
                next = fd;
        }
        if (next < 0)
            break;
        fprintf(driver.out, "%s%ld", first ? "" : ",", next);
        first = false;
        least = next;
    }
    closedir(folder);
}

static const char *
children(void)
{
    siginfo_t info = {0};

    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        return "none";
    return info.si_pid ? "zombie" : "living";
}

static const char *
disposition(int signal_number)
{
    struct sigaction action;

    if (sigaction(signal_number, NULL, &action) < 0)
        return "?";
    return action.sa_handler == SIG_DFL   ? "default"
           : action.sa_handler == SIG_IGN ? "ignore"
                                          : "handle";
}

static int
blocked_signals(void)
{
    sigset_t mask;
    int count = 0;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i < 65; i++)
        count += sigismember(&mask, i) == 1;
    return count;
}

static long
resident_kb(void)
{
    FILE *file = fdopen(open_high("/proc/self/statm", O_RDONLY), "r");
    long size = 0, resident = 0;

    if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2)
        fail("/proc/self/statm");
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
do_state(const char *word, const char *argument)
{
    char folder[4096] = "";
    mode_t mask = umask(0);

    (void)argument;
    umask(mask);
    fprintf(driver.out, "%s ", word);
    put_descriptors();
    fprintf(driver.out,
            " children=%s rss=%ld chld=%s pipe=%s blocked=%d handled=%d "
            "umask=%03o cwd=%s dumpable=%d\n",
            children(), resident_kb(), disposition(SIGCHLD),
            disposition(SIGPIPE), blocked_signals(), (int)handled,
            (unsigned)mask, getcwd(folder, sizeof folder) ? folder : "?",
            prctl(PR_GET_DUMPABLE));
}

static void
do_maps(const char *word, const char *argument)
{
    FILE *file = fdopen(open_high("/proc/self/maps", O_RDONLY), "r");
    char line[4200], last[4200] = "";

    (void)argument;
    while (file && fgets(line, sizeof line, file)) {
        char *path = strchr(line, '/');

        if (path && strcmp(path, last) != 0)
            fprintf(driver.out, "%s %s", word, strcpy(last, path));
    }
    if (file)
        fclose(file);
}

static void
do_child(const char *word, const char *argument)
{
    siginfo_t info;

    (void)argument;
    if (strcmp(word, "child") == 0) {
        driver.child = fork();
        if (driver.child == 0)
            _exit(7);
        waitid(P_PID, (id_t)driver.child, &info, WEXITED | WNOWAIT);
        return;
    }
    int status = 0;
    pid_t pid = waitpid(driver.child, &status, WNOHANG);

    fprintf(driver.out, "%s %s %d\n", word, pid == driver.child ? "ok" : "no",
            WEXITSTATUS(status));
}

static void
handler(int signal_number)
{
    (void)signal_number;
    handled = handled + 1;
}

static void
dispose(int signal_number, const char *how)
{
    struct sigaction action = {.sa_flags = SA_RESTART};

    action.sa_handler = strcmp(how, "ignore") == 0   ? SIG_IGN
                        : strcmp(how, "handle") == 0 ? handler
                                                     : SIG_DFL;
    sigaction(signal_number, &action, NULL);
}

static void
do_signal(const char *word, const char *how)
{
    sigset_t all;

    if (strcmp(word, "sigchld") == 0) {
        dispose(SIGCHLD, how);
    } else if (strcmp(word, "sigpipe") == 0) {
        dispose(SIGPIPE, how);
    } else if (strcmp(how, "block") == 0) {
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
    } else {
        for (int i = 1; i < 65; i++)
            dispose(i, how);
    }
}

static void
do_alarm(const char *word, const char *argument)
{
    struct itimerval every = {.it_interval = {0, number(argument, 10)}};
    struct sigaction action = {.sa_handler = handler}; /* no SA_RESTART */

    (void)word;
    every.it_value = every.it_interval;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

/* As a program does that closes all descriptors it does not know, and then
 * opens files of its own. */
static void
do_swap(const char *word, const char *argument)
{
    int zero = open_high("/dev/zero", O_RDWR);
    struct stat st;

    (void)word;
    (void)argument;
    for (int fd = 3; fd < OWN_FD; fd++)
        if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
            dup3(zero, fd, O_CLOEXEC);
    close(zero);
}

static void
do_descriptors(const char *word, const char *argument)
{
    struct rlimit limit;

    if (strcmp(word, "close-standard") == 0) {
        for (int fd = 0; fd < 3; fd++)
            close(fd);
    } else if (strcmp(word, "leak") == 0) {
        for (long i = number(argument, 10); i > 0; i--)
            if (open("/dev/zero", O_RDWR) < 0)
                fail("leak: %s", strerror(errno));
    } else {
        limit.rlim_cur = limit.rlim_max = (rlim_t)number(argument, 10);
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            fail("nofile: %s", strerror(errno));
    }
}

static void
do_surroundings(const char *word, const char *argument)
{
    char *setting = strdup(argument);

    if (strcmp(word, "umask") == 0)
        umask((mode_t)number(argument, 8));
    else if (strcmp(word, "chdir") == 0 && chdir(argument) < 0)
        fail("%s: %s", argument, strerror(errno));
    else if (strcmp(word, "setenv") == 0 && setting && putenv(setting) == 0)
        setting = NULL; /* the environment has it now */
    free(setting);
}

static void
do_terminal(const char *word, const char *argument)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

    (void)argument;
    if (setsid() < 0 || master < 0 || grantpt(master) < 0 ||
        unlockpt(master) < 0)
        fail("terminal: %s", strerror(errno));
    slave = open_high(ptsname(master), O_RDWR | O_NOCTTY);
    if (fcntl(master, F_DUPFD_CLOEXEC, OWN_FD) < 0 ||
        ioctl(slave, TIOCSCTTY, 0) < 0)
        fail("terminal: %s", strerror(errno));
    close(master);
    fprintf(driver.out, "%s %s\n", word, "ok");
}

static void
do_gate(const char *word, const char *argument)
{
    char line[256];

    (void)argument;
    fprintf(driver.out, "%s\n", word);
    fflush(driver.out);
    if (!fgets(line, sizeof line, stdin))
        exit(98);
}

static void
do_exit(const char *word, const char *argument)
{
    (void)word;
    fflush(driver.out);
    _exit((int)number(argument, 10));
}

/* ---- the system log ------------------------------------------------------
 */

static void
log_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (strlen(driver.log) >= sizeof address.sun_path)
        fail("%s: too long", driver.log);
    strcpy(address.sun_path, driver.log);
    unlink(driver.log);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("%s: %s", driver.log, strerror(errno));
    driver.log_fd = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD);
    close(fd);
    /* The C library keeps a descriptor for it: from the start, then. */
    openlog("driver", LOG_NDELAY, LOG_AUTH);
}

/* "<PRIORITY>Mmm dd hh:mm:ss NAME: TEXT" */
static void
log_show(void)
{
    static char line[16384];
    ssize_t len;

    while (driver.log_fd >= 0 &&
           (len = recv(driver.log_fd, line, sizeof line - 1, 0)) >= 0) {
        char *text;

        line[len] = '\0';
        text = strstr(line, ": ");
        text = text ? text + 2 : line;
        fprintf(driver.out, "log %ld ", strtol(line + 1, NULL, 10) & 7);
        put_text(text, (size_t)(line + len - text));
    }
}

/* ---- words ---------------------------------------------------------------
 */

static const struct word {
    const char *name; /* with ':' at its end when something follows */
    void (*act)(const char *word, const char *argument);
} words[] = {
    {"alarm:", do_alarm},
    {"auth", do_call},
    {"chdir:", do_surroundings},
    {"child", do_child},
    {"close", do_call},
    {"close-standard", do_descriptors},
    {"crowd-end", do_crowd_end},
    {"crowd:", do_crowd},
    {"end", do_end},
    {"env", do_env},
    {"exit:", do_exit},
    {"gate", do_gate},
    {"leak:", do_descriptors},
    {"loop:", do_loop},
    {"maps", do_maps},
    {"nofile:", do_descriptors},
    {"open", do_call},
    {"reap", do_child},
    {"setcred:", do_setcred},
    {"setenv:", do_surroundings},
    {"sigchld:", do_signal},
    {"signals:", do_signal},
    {"sigpipe:", do_signal},
    {"silent-close", do_call},
    {"silent-open", do_call},
    {"state", do_state},
    {"swap", do_swap},
    {"terminal", do_terminal},
    {"tty:", do_item},
    {"umask:", do_surroundings},
    {"user:", do_item},
};

static void
obey(const char *text)
{
    char name[64];

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i].name);
        bool more = words[i].name[len - 1] == ':';

        if (more ? strncmp(text, words[i].name, len) != 0
                 : strcmp(text, words[i].name) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(more ? len - 1 : len),
                 words[i].name);
        words[i].act(name, text + (more ? len : 0));
        log_show();
        fflush(driver.out);
        return;
    }
    fail("%s: there is no such word", text);
}

static char **
read_options(char **arg)
{
    while (*arg && strncmp(*arg, "--", 2) == 0) {
        const char *name = *arg++;
        const char *value = *arg++;

        if (!value)
            fail("%s: a value is missing", name);
        if (strcmp(name, "--confdir") == 0)
            driver.confdir = value;
        else if (strcmp(name, "--service") == 0)
            driver.service = value;
        else if (strcmp(name, "--user") == 0)
            driver.user = value;
        else if (strcmp(name, "--talk") == 0)
            driver.talk = value;
        else if (strcmp(name, "--log") == 0)
            driver.log = value;
        else if (strcmp(name, "--locale") == 0 && setlocale(LC_ALL, value))
            continue;
        else
            fail("%s: there is no such option", name);
    }
    return arg;
}

int
main(int argc, char **argv)
{
    char **arg = read_options(argv + 1);
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, OWN_FD);

    (void)argc;
    driver.out = out < 0 ? NULL : fdopen(out, "w");
    if (!driver.out || !driver.confdir)
        fail("--confdir and a standard output are needed");
    if (driver.log)
        log_open();
    while (*arg)
        obey(*arg++);
    end();
    log_show();
    fclose(driver.out);
    if (driver.log)
        unlink(driver.log);
    return 0;
}
