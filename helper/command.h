/*
 * command.h - a command that is run as if nobody stood in between.
 *
 *     struct command command = {.argv = argv, .environment = environment};
 *     command_prepare(&command);
 *     command_hold_signals(&command, &held);
 *     if (command_start(&command) < 0) ...
 *     while (...) command_signal(&command, ...);
 *     return command_status(status);
 */
#ifndef PARALLEL_HELPER_COMMAND_H
#define PARALLEL_HELPER_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct command {
    char **argv;
    char **environment;
    sigset_t before;  /* the signal mask that it gets */
    sigset_t early;   /* signals that came before there was a process */
    bool no_children; /* SIGCHLD was ignored */
    pid_t pid;
    volatile int stop; /* a signal that came too early, or 0 */
};

/* Before any child: learn how each ends, also where SIGCHLD was ignored, which
 * the command gets back. */
void command_prepare(struct command *command);

/* Block every signal that can be waited for: *held. The command gets the old
 * mask. */
void command_hold_signals(struct command *command, sigset_t *held);

/* Start it, and leave it the pipes and sockets that we were started with: 0,
 * or -1 when there is no process to be had. Of a command that
 * cannot be run the reason is printed, and 127 returned when there is none of
 * that name, else 126; or it ends with that. */
int command_start(struct command *command);

/* A signal has come for us: pass it on, unless it came from the terminal,
 * which sends it to the command as well (if there was one already). */
void command_signal(struct command *command, int number, bool kernel);

/* The command has been stopped by a signal, and so are we, for the shell that
 * waits for us to see it, until we are continued. Not by a SIGSTOP where there
 * is no terminal. */
void command_stopped(int number);

/*
 * The exit status for what waitpid() said: its own, or 128 and the signal's
 * number. After an interrupt from the keyboard it does not return: a shell
 * gives up its script only when what it ran has died of that.
 */
int command_status(int status);

#endif
