/*
 * broker.h - the program that asks the network, or a person.
 *
 * The front becomes it when the session cache cannot answer. One file a
 * verb; main.c has the table.
 */
#ifndef PARALLEL_BROKER_BROKER_H
#define PARALLEL_BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/answer.h"
#include "lib/base/error.h"
#include "lib/base/fields.h"
#include "lib/base/place.h"
#include "lib/base/shell.h"
#include "lib/config.h"
#include "lib/credential.h"
#include "lib/prompt.h"

/* How many words may follow a verb. */
#define OPERANDS 9

struct broker {
    const char *program; /* the name we were called by, without its folder */
    const char *verb;
    const char *operand[OPERANDS + 1]; /* the words behind it; NULL: none */
    /* options */
    const char *org;
    const char *provider;
    const char *issuer;
    const char *scope;
    const char *app;  /* --app: its id; NULL: the configured one */
    int64_t min_ttl;  /* ms */
    int64_t wait;     /* ms; -1: as long as the code lives */
    int64_t renewing; /* the front's lock, or -1 */
    int64_t polling;  /* the lock of who polls, or -1 */
    bool all, any_host, api_key, debug, device, exec_credential, if_due, json;
    bool no_browser, qr, quiet, web;
    bool keep_alive;  /* refresh: only what would run out for want of use */
    bool system_only; /* the person's own configuration does not count */
    bool retry;       /* session-end: only what an earlier one has left */
    bool offline;     /* doctor: ask nobody over the network */
    const char *git_file; /* configure-git: which of git's files */
    bool git_global, git_local, git_system, git_unset;
    bool sh, csh, fish, plain; /* for which shell */
    bool session;              /* it starts: only what it may have */
    bool news;                 /* only what a starting shell should say */
    bool silent;               /* the session must not be spoken to */
    bool ssh;                  /* what is shown may never be seen */
    /* what every verb works on; open()ed on demand */
    struct place place;
    struct config config;
    struct credential credential;
    bool is_open;
};

/* The verbs. 0, or -1 with err; an exit code besides those of err goes to
 * *status. */
int broker_apps(struct broker *b, int *status, struct error *err);
int broker_balance(struct broker *b, int *status, struct error *err);
int broker_capability(struct broker *b, int *status, struct error *err);
int broker_configure_git(struct broker *b, int *status, struct error *err);
int broker_config(struct broker *b, int *status, struct error *err);
int broker_doctor(struct broker *b, int *status, struct error *err);
int broker_env(struct broker *b, int *status, struct error *err);
int broker_erase(struct broker *b, int *status, struct error *err);
int broker_exec(struct broker *b, int *status, struct error *err);
int broker_export_parallel_cli(struct broker *b, int *status,
                               struct error *err);
int broker_get(struct broker *b, int *status, struct error *err);
int broker_header(struct broker *b, int *status, struct error *err);
int broker_help(struct broker *b, int *status, struct error *err);
int broker_import_parallel_cli(struct broker *b, int *status,
                               struct error *err);
int broker_keys(struct broker *b, int *status, struct error *err);
int broker_lease(struct broker *b, int *status, struct error *err);
int broker_login(struct broker *b, int *status, struct error *err);
int broker_logout(struct broker *b, int *status, struct error *err);
int broker_move_store(struct broker *b, int *status, struct error *err);
int broker_refresh(struct broker *b, int *status, struct error *err);
int broker_session_end(struct broker *b, int *status, struct error *err);
int broker_session_open(struct broker *b, int *status, struct error *err);
int broker_session_poll(struct broker *b, int *status, struct error *err);
int broker_session_show(struct broker *b, int *status, struct error *err);
int broker_status(struct broker *b, int *status, struct error *err);
int broker_store(struct broker *b, int *status, struct error *err);
int broker_token(struct broker *b, int *status, struct error *err);
int broker_use(struct broker *b, int *status, struct error *err);
int broker_version(struct broker *b, int *status, struct error *err);

/* Whether the trouble was written as login --json does: who reads that looks
 * nowhere else. */
bool broker_login_tells(const struct broker *b, char **argv,
                        const struct error *trouble);

/* docker-credential-parallel, its arguments and all. An exit code. */
int broker_docker(struct broker *b, char **argv);

/*
 * git's protocol for any host. broker_is_other() tells whether a request is to
 * be answered so (1), and then the broker is open and the store read; 0: as
 * ever; -1 with err.
 */
int broker_is_other(struct broker *b, const struct fields *block,
                    struct error *err);
int broker_get_other(struct broker *b, const struct fields *block,
                     struct error *err);
int broker_store_other(struct broker *b, const struct fields *block,
                       struct error *err);
int broker_erase_other(struct broker *b, const struct fields *block,
                       struct error *err);

/* Read the configuration and open the credential that was chosen, unless that
 * has been done. */
int broker_open(struct broker *b, struct error *err);

/* Say something on standard error, after the program's name; not with
 * --quiet. */
void broker_say(const struct broker *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "2026-05-01 12:34:56": ms since the epoch, in the time of this place. */
const char *broker_date(char *out, size_t size, int64_t ms);

/* Write to standard output; -1 with err when it is gone. */
int broker_print(const struct secret *text, struct error *err);

/* What printf() has written must be out; -1 with err when it is not. */
int broker_flush(struct error *err);

/* Print a JSON object on a line of its own and free it. */
int broker_print_json(struct json *object, struct error *err);

/* One line in the log: somebody whom the policy does not connect has tried. */
void broker_log_denied(const struct broker *b);

/* The API key that counts for a record (may be NULL): one that the person
 * exported, unless organizations are a question, else the stored one, else
 * "". */
const char *broker_key(const struct broker *b, const struct record *record);

/* What broker_open() has opened is let go of, with all that is confidential in
 * it. */
void broker_close(struct broker *b);

#endif
