/*
 * doctor.h - what `doctor` finds.
 *
 * doctor.c has the list of checks, one after the other; each lies in a file
 * doctor_*.c and tells what it finds:
 *
 *     doctor_advise(d, "chmod 700 %s", path);
 *     doctor_tell(d, DOCTOR_WRONG, "state.folder", "%s is open to others",
 *                 path);
 *
 * A check changes nothing, takes no longer than the limits of the
 * configuration, never tells a secret, and goes on where the rest of the
 * machine is in ruins. What has been found stands on a line of its own, with
 * an id that stays the same from version to version: the manual page lists
 * them. A new check is a function, a line in doctor.c and one in that list.
 */
#ifndef PARALLEL_BROKER_DOCTOR_H
#define PARALLEL_BROKER_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/broker.h"

enum doctor_level {
    DOCTOR_OK,
    DOCTOR_WARNING, /* it works, but perhaps not for long, or not as meant */
    DOCTOR_WRONG,   /* it does not work */
    DOCTOR_LEVELS
};

#define DOCTOR_ADVICE 640
#define DOCTOR_WORD   256

struct doctor {
    struct broker *b; /* config is filled in any case, place if has_home */
    bool has_home;
    bool has_config; /* all of it is right */
    bool has_store;  /* it was read; false also if what it is in is shut */
    char advice[DOCTOR_ADVICE]; /* for the next finding */
    char word[DOCTOR_WORD];     /* of doctor_word() */
    size_t count[DOCTOR_LEVELS];
    struct error *err; /* of the output */
    bool failed;       /* the output is gone */
};

/* What mends the next finding. A name in a command goes through
 * doctor_word(). */
void doctor_advise(struct doctor *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A name as a word of a shell, in quotes if need be: people copy a command,
 * and others choose names of files, keys and organizations. Good until the
 * next call.
 */
const char *doctor_word(struct doctor *d, const char *name);

/* A finding. Text of others may stand in it: it is cleaned here. */
void doctor_tell(struct doctor *d, enum doctor_level level, const char *id,
                 const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Something that root runs, or reads: a file of root's, or at least of the
 * person's, that nobody else can write. true, and nothing is told, if it is;
 * else that was told under id. what names it: "the program".
 */
bool doctor_check_system_file(struct doctor *d, const char *id,
                              const char *what, const char *path);

/* The first program of that name in PATH, its links resolved, or NULL. Owned
 * by the caller. */
char *doctor_find_program(const char *name);

/* The first folder above path that others could exchange things in: its path
 * goes to out (PATH_MAX), and true comes back. */
bool doctor_find_open_folder(const char *path, char *out);

/*
 * A private folder of the person's, and all that lies in it: owner, mode, no
 * link. Findings are ids[0] for the folder and ids[1] for the rest. Whether
 * all of it is as it should be; what is not there is.
 */
bool doctor_check_private(struct doctor *d, const char *path,
                          const char *const ids[2]);

/* The checks. */
void doctor_person(struct doctor *d);
void doctor_installation(struct doctor *d);
void doctor_config(struct doctor *d);
void doctor_places(struct doctor *d);
void doctor_runtime(struct doctor *d);
void doctor_pam(struct doctor *d);
void doctor_store(struct doctor *d);
void doctor_locks(struct doctor *d);
void doctor_keyring(struct doctor *d);
void doctor_network(struct doctor *d);
void doctor_client(struct doctor *d);
void doctor_tokens(struct doctor *d);
void doctor_git(struct doctor *d);
void doctor_environment(struct doctor *d);
void doctor_shell(struct doctor *d);

#endif
