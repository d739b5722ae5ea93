/*
 * policy.h - what the administrator's files say in [policy] about people and
 * organizations.
 *
 * Lists of words. What several files say is said together, and each word
 * knows the line it stands in, for messages.
 */
#ifndef PARALLEL_POLICY_H
#define PARALLEL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct policy_word {
    char *text;
    char *origin; /* "FILE:LINE" */
};

struct policy_words {
    struct policy_word *item;
    size_t count;
};

enum policy_list {
    POLICY_ALLOW_GROUPS,
    POLICY_ALLOWED_ORGANIZATIONS,
    POLICY_DENY_GROUPS,
    POLICY_DENY_USERS,
    POLICY_LISTS
};

struct policy {
    struct policy_words list[POLICY_LISTS];
};

/* Where who is in which group stands, of those that this machine knows. */
#define POLICY_GROUP_FILE "/etc/group"

/* The ids of errors: a person who is not to be connected, an organization
 * that is not allowed, anything else that a locked key forbids. */
#define POLICY_DENIED       "denied_by_policy"
#define POLICY_ORGANIZATION "organization_not_allowed"
#define POLICY_LOCKED       "locked_by_policy"

/* Whether err is about one of these. */
bool policy_is_cause(const struct error *err);

/* The name of a list, as it stands in the file. */
const char *policy_list_name(enum policy_list list);

/* Append a word, cut from a longer text. 0, or -1 without memory. */
int policy_add_word(struct policy_words *words, const char *text, size_t len,
                    const char *file, int line);

/* Where the word stands, or NULL. */
const char *policy_find(const struct policy_words *words, const char *text);

void policy_release_words(struct policy_words *words);

/* "name = value" in [policy] of file. 1; 0: there is no such list; -1 with
 * err: it has no words, or one that is no name, or there
 * is no memory. */
int policy_set(struct policy *policy, const char *name, const char *value,
               const char *file, int line, struct error *err);

/* The words with blanks between them; NULL: the list is not set. Owned by the
 * caller. */
char *policy_text(const struct policy_words *words);

/* Whether something depends on who is in which group. */
bool policy_asks_groups(const struct policy *policy);

/*
 * Whether the one who runs us is to be connected. The password and group
 * databases are asked by a process of its own, for limit_ms at most: what
 * they do not tell counts against the person. 0, or -1 with FAIL_AUTH
 * POLICY_DENIED, which names the line.
 */
int policy_check_person(const struct policy *policy, int64_t limit_ms,
                        struct error *err);

void policy_release(struct policy *policy);

#endif
