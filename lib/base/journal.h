/*
 * journal.h - one line in the system's log for each thing that happens to a
 * credential.
 *
 * To journald in its native protocol, with a stable id and a field for each
 * thing that is known; where there is no journald, to /dev/log, with the same
 * as "key=value" in the text. A datagram that does not wait: what the log
 * cannot take at once is lost. Never a secret; what others said is cleaned
 * and cut.
 */
#ifndef PARALLEL_BASE_JOURNAL_H
#define PARALLEL_BASE_JOURNAL_H

/* What is written. */
enum journal_level {
    JOURNAL_NONE,
    JOURNAL_NOTICE, /* the events */
    JOURNAL_DEBUG   /* also what leads to them */
};

enum journal_event {
    JOURNAL_AUTHORIZED, /* a person has approved; the credential is kept */
    JOURNAL_RENEWED,
    JOURNAL_REFUSED, /* by the service, a person, or the policy */
    JOURNAL_REVOKED, /* given back at the service */
    JOURNAL_FAILED   /* trouble; nothing has been decided */
};

/* Not owned; what is NULL or "" is left out. */
struct journal_entry {
    enum journal_event event;
    const char *provider;
    const char *issuer;
    const char *org;
    const char *org_name;
    const char *reason; /* a stable word, as the id of an error */
    const char *detail; /* for a person */
};

/* From here on lines are written: of this level at most, about this user
 * (NULL: only the number is known), by this command. Before, nothing is. */
void journal_open(enum journal_level level, const char *user,
                  const char *command);

void journal_note(const struct journal_entry *entry);

/* A line of the level debug. */
void journal_debug(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
