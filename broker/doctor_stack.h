/*
 * doctor_stack.h - what the files of /etc/pam.d have a login program run.
 *
 * Read as libpam reads them, pam.d(5): "include", "substack" and "@include"
 * are followed, lines that end in a backslash go on, a hyphen before the type
 * and comments are passed over. What cannot be read is not there.
 */
#ifndef PARALLEL_BROKER_DOCTOR_STACK_H
#define PARALLEL_BROKER_DOCTOR_STACK_H

#include <stdbool.h>
#include <stddef.h>

struct stack_line {
    char *place;   /* "FILE:LINE" */
    char *type;    /* "session" */
    char *control; /* "optional", "[default=ignore]" */
    char *module;  /* "pam_unix.so", or a path */
};

struct stack {
    struct stack_line *item; /* in the order they run in */
    size_t count;
    size_t files; /* how many were read */
};

/* Where the files lie, one for a service; NULL at the end. Of two with one
 * name the first counts. */
extern const char *const stack_folders[];

/* All that service runs. */
void stack_read(struct stack *stack, const char *service);
void stack_release(struct stack *stack);

/* Whether the module of the line is name, "pam_unix.so", wherever it lies. */
bool stack_line_is(const struct stack_line *line, const char *name);

#endif
