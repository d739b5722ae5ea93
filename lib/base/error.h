/*
 * error.h - what went wrong, told once and where the cause is known.
 *
 * A function that can fail returns 0, or -1 with its struct error filled.
 * The text is for a person: what happened, to what, and what to do. Callers
 * on the way up may put context in front of it; only main() prints it.
 *
 *     if (fstat(fd, &st) < 0)
 *         return error_errno(err, FAIL_SERVICE, "store", "cannot read %s",
 *                            path);
 *
 * Never put a secret into an error. Text that came from a server or from
 * another process goes through text_clean() first.
 */
#ifndef PARALLEL_BASE_ERROR_H
#define PARALLEL_BASE_ERROR_H

/* The exit codes of the tools. */
enum failure {
    FAIL_NONE = 0,
    FAIL_INPUT = 2,        /* the call or the configuration is wrong */
    FAIL_AUTH = 3,         /* not signed in, or refused */
    FAIL_SERVICE = 4,      /* network, certificate, 5xx, store, keyring */
    FAIL_TIMEOUT = 5,      /* a person did not answer in time */
    FAIL_INTERRUPTED = 130 /* Ctrl-C */
};

struct error {
    enum failure failure;
    char id[32];    /* a stable word for programs: "access_denied" */
    char text[640]; /* one line for people, without a full stop or newline */
};

#define ERROR_INIT                                                            \
    {                                                                         \
        FAIL_NONE, "", ""                                                     \
    }

/* Fill err (which may be NULL) and return -1. Too long a text is cut. */
int error_set(struct error *err, enum failure failure, const char *id,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with ": " and the text of errno at the end. errno is kept. */
int error_errno(struct error *err, enum failure failure, const char *id,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Put "context: " in front of the text. Returns -1. */
int error_context(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
