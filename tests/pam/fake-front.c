/*
 * fake-front.c - stands where the front does, and misbehaves.
 *
 * The PAM module starts it as "session-open UID GID ..." with HOME, USER and
 * LOGNAME. What it does is the first line of the file $HOME/mode:
 *
 *     raw STATUS     writes the file $HOME/raw, exits with STATUS
 *     raw-killed     writes it, and is killed
 *     raw-pause      writes it, and stays
 *     raw-grandchild STATUS   a grandchild keeps the pipe open
 *     slowly         writes $HOME/raw a byte at a time, then stays
 *     many COUNT     writes $HOME/raw COUNT times, ignoring that nobody reads
 *     endless        writes without end
 *     garbage SEED   a megabyte of it
 *     stopped        stops itself
 *     term           ignores all signals that can be ignored, and stays
 *     early          closes the pipe, and stays
 *     report         writes what it sees of itself into $HOME/report
 *     gate           opens the named pipe $HOME/gate, which may take a while
 *
 * Every start appends a line with its process id and arguments to $HOME/log.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static char raw[2 * 1024 * 1024];
static size_t raw_len;
static char home[4096];

/* Opens $HOME/NAME. */
static int
open_own(const char *name, int flags)
{
    char path[sizeof home + 64];
    int fd;

    snprintf(path, sizeof path, "%s/%s", home, name);
    fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        _exit(98);
    return fd;
}

static void
put(const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, at, len);
        if (n <= 0)
            _exit(97);
        at += n;
        len -= (size_t)n;
    }
}

static void
put_text(const char *text)
{
    put(text, strlen(text));
}

static void __attribute__((noreturn)) stay(void)
{
    for (;;)
        pause();
}

/* ---- what it sees of itself ----------------------------------------------
 */

static void
report_file(FILE *out, const char *path, const char *name)
{
    char text[65536];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;

    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0')
            text[i] = '\n';
    fprintf(out, "== %s\n%s", name, text);
    if (len == 0 || text[len - 1] != '\n')
        fputc('\n', out);
    if (file)
        fclose(file);
}

static void
report_descriptors(FILE *out, int own)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    char path[300], target[4096];

    fprintf(out, "== fd\n");
    while (folder && (entry = readdir(folder))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        ssize_t len;

        if (entry->d_name[0] == '.' || fd == dirfd(folder) || fd == own)
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        len = readlink(path, target, sizeof target - 1);
        target[len < 0 ? 0 : len] = '\0';
        fprintf(out, "%d %s\n", fd, target);
    }
    if (folder)
        closedir(folder);
}

static void
report(void)
{
    FILE *out = fdopen(open_own("report", O_WRONLY | O_CREAT | O_TRUNC), "w");
    mode_t mask = umask(0);
    char folder[4096];

    if (!out)
        _exit(98);
    report_descriptors(out, fileno(out));
    report_file(out, "/proc/self/environ", "environ");
    report_file(out, "/proc/self/cmdline", "cmdline");
    report_file(out, "/proc/self/status", "status");
    report_file(out, "/proc/self/comm", "comm");
    fprintf(
        out,
        "== rest\numask %03o\ncwd %s\nterminal %s\nleader %d\nsecure %lu\n",
        (unsigned)mask, getcwd(folder, sizeof folder) ? folder : "?",
        open("/dev/tty", O_RDWR | O_CLOEXEC) < 0 ? "none" : "there",
        getsid(0) == getpid(), getauxval(AT_SECURE));
    fclose(out);
}

/* ---- modes ---------------------------------------------------------------
 */

static void
grandchild(void)
{
    if (fork() == 0)
        stay();
}

static void
slowly(void)
{
    for (size_t i = 0; i < raw_len; i++)
        put(raw + i, 1);
    stay();
}

static void __attribute__((noreturn)) endless(void)
{
    static char block[65536];

    memset(block, 'A', sizeof block);
    for (;;)
        put(block, sizeof block);
}

static void
ignore_signals(void)
{
    for (int i = 1; i < 65; i++)
        signal(i, SIG_IGN);
}

static void
garbage(uint32_t state)
{
    unsigned char block[4096];

    for (int i = 0; i < 256; i++) {
        for (size_t j = 0; j < sizeof block; j++) {
            state = state * 1664525 + 1013904223;
            block[j] = (unsigned char)(state >> 24);
        }
        put(block, sizeof block);
    }
}

static void
misbehave(const char *mode, long argument)
{
    if (strncmp(mode, "raw", 3) == 0)
        put(raw, raw_len);
    if (strcmp(mode, "raw-killed") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(mode, "raw-grandchild") == 0)
        grandchild();
    if (strcmp(mode, "slowly") == 0)
        slowly();
    if (strcmp(mode, "stopped") == 0)
        kill(getpid(), SIGSTOP);
    if (strcmp(mode, "early") == 0)
        close(STDOUT_FILENO);
    if (strcmp(mode, "term") == 0)
        ignore_signals();
    if (strcmp(mode, "term") == 0 || strcmp(mode, "early") == 0 ||
        strcmp(mode, "raw-pause") == 0)
        stay();
    if (strcmp(mode, "endless") == 0)
        endless();
    if (strcmp(mode, "garbage") == 0)
        garbage((uint32_t)argument);
    for (long i = 0; strcmp(mode, "many") == 0 && i < argument; i++)
        put(raw, raw_len);
    if (strcmp(mode, "gate") == 0)
        close(open_own("gate", O_RDONLY));
    if (strncmp(mode, "raw", 3) == 0)
        _exit((int)argument);
    put_text("event=done\n\n");
}

static void
note_start(int argc, char **argv)
{
    int fd = open_own("log", O_WRONLY | O_APPEND | O_CREAT);
    char line[4096];
    size_t used = (size_t)snprintf(line, sizeof line, "%d", (int)getpid());

    for (int i = 0; i < argc && used < sizeof line - 2; i++)
        used += (size_t)snprintf(line + used, sizeof line - 1 - used, " %s",
                                 argv[i]);
    line[used++] = '\n';
    if (write(fd, line, used) < 0)
        _exit(98);
    close(fd);
}

int
main(int argc, char **argv)
{
    const char *given = getenv("HOME");
    char line[128] = "", mode[64] = "";
    long argument = 0;
    ssize_t len;
    int fd;

    if (!given)
        return 99;
    snprintf(home, sizeof home, "%s", given);
    fd = open_own("mode", O_RDONLY);
    len = read(fd, line, sizeof line - 1);
    close(fd);
    if (len < 0 || sscanf(line, "%60s %ld", mode, &argument) < 1)
        return 99;
    if (strcmp(mode, "report") == 0)
        report(); /* before anything else is opened */
    note_start(argc, argv);
    if (strncmp(mode, "raw", 3) == 0 || strcmp(mode, "slowly") == 0 ||
        strcmp(mode, "many") == 0) {
        fd = open_own("raw", O_RDONLY);
        len = read(fd, raw, sizeof raw);
        raw_len = len < 0 ? 0 : (size_t)len;
        close(fd);
    }
    misbehave(mode, argument);
    return 0;
}
