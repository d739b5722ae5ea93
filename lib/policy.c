#include "lib/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"

#define POLICY_GROUPS_MOST 65536

/* In the order of enum policy_list. */
static const char *const policy_names[POLICY_LISTS] = {
    "allow_groups", "allowed_organizations", "deny_groups", "deny_users"};

const char *
policy_list_name(enum policy_list list)
{
    return policy_names[list];
}

bool
policy_is_cause(const struct error *err)
{
    return strcmp(err->id, POLICY_DENIED) == 0 ||
           strcmp(err->id, POLICY_ORGANIZATION) == 0 ||
           strcmp(err->id, POLICY_LOCKED) == 0;
}

/* ---- the lists ------------------------------------------------------------
 */

int
policy_add_word(struct policy_words *words, const char *text, size_t len,
                const char *file, int line)
{
    struct policy_word *grown =
        realloc(words->item, (words->count + 1) * sizeof *words->item);
    struct policy_word word = {strndup(text, len), NULL};

    if (grown)
        words->item = grown;
    if (!grown || !word.text ||
        asprintf(&word.origin, "%s:%d", file, line) < 0) {
        free(word.text);
        return -1;
    }
    words->item[words->count++] = word;
    return 0;
}

const char *
policy_find(const struct policy_words *words, const char *text)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->item[i].text, text) == 0)
            return words->item[i].origin;
    return NULL;
}

void
policy_release_words(struct policy_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->item[i].text);
        free(words->item[i].origin);
    }
    free(words->item);
    *words = (struct policy_words){NULL, 0};
}

void
policy_release(struct policy *policy)
{
    for (int i = 0; i < POLICY_LISTS; i++)
        policy_release_words(&policy->list[i]);
}

/* What is written in other files of an administrator's means something there:
 * quotes, comments, lists, patterns, groups for users. Here it would be a name
 * that nobody has, and deny nobody. */
static bool
policy_is_name(const char *word, size_t len)
{
    if (strchr("'#%@+!&-", *word))
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr("\"*?;:|<>[](){}", word[i]))
            return false;
    return true;
}

int
policy_set(struct policy *policy, const char *name, const char *value,
           const char *file, int line, struct error *err)
{
    struct policy_words *words = NULL;
    size_t before;

    for (int i = 0; i < POLICY_LISTS; i++)
        if (strcmp(policy_names[i], name) == 0)
            words = &policy->list[i];
    if (!words)
        return 0;
    before = words->count;
    while (*value) {
        size_t span = strcspn(value, " \t,");

        if (span > 0 && !policy_is_name(value, span))
            return error_set(err, FAIL_INPUT, "config",
                             "%s: \"%.*s\" is no name: there are no quotes, "
                             "patterns or comments here, only names with "
                             "blanks or commas between them",
                             name, (int)span, value);
        if (span > 0 && policy_add_word(words, value, span, file, line) < 0)
            return error_set(err, FAIL_SERVICE, "memory", "out of memory");
        value += span + strspn(value + span, " \t,");
    }
    if (words->count > before)
        return 1;
    return error_set(err, FAIL_INPUT, "config", "%s: has no value", name);
}

char *
policy_text(const struct policy_words *words)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;

    for (size_t i = 0; i < words->count; i++)
        if ((i > 0 && secret_append_text(&text, " ") < 0) ||
            secret_append_text(&text, words->item[i].text) < 0)
            return NULL;
    return words->count > 0 ? strdup(secret_text(&text)) : NULL;
}

bool
policy_asks_groups(const struct policy *policy)
{
    return policy->list[POLICY_ALLOW_GROUPS].count > 0 ||
           policy->list[POLICY_DENY_GROUPS].count > 0;
}

/* ---- the person -----------------------------------------------------------
 */

enum policy_finding {
    PERSON_CONNECTED,
    PERSON_NAMED,    /* by a word of deny_users */
    PERSON_IN_GROUP, /* of a word of deny_groups */
    PERSON_IN_NONE,  /* of the groups of allow_groups */
    PERSON_NO_GROUP, /* a word of deny_groups is no group that is known */
    PERSON_NO_NAME,  /* the password database does not know the user */
    PERSON_UNKNOWN   /* the databases did not answer */
};

/* What the process that asks has found, about which word. */
struct policy_answer {
    enum policy_finding finding;
    size_t word;
};

struct policy_groups {
    gid_t *id;
    int count;
};

/* What the databases say. */
static int
policy_groups_find(struct policy_groups *groups, const struct passwd *pw)
{
    int room = 64, found;

    for (;; room *= 4) {
        gid_t *grown = realloc(groups->id, (size_t)room * sizeof *groups->id);

        if (!grown)
            return -1;
        groups->id = grown;
        found = room;
        if (getgrouplist(pw->pw_name, pw->pw_gid, groups->id, &found) >= 0)
            break;
        if (room > POLICY_GROUPS_MOST)
            return -1;
    }
    groups->count = found;
    return 0;
}

static bool
policy_groups_have(const struct policy_groups *groups, gid_t id)
{
    for (int i = 0; i < groups->count; i++)
        if (groups->id[i] == id)
            return true;
    return false;
}

/* Whether we are in a group at this very moment, whatever a database says. */
static bool
policy_is_member(gid_t id)
{
    return group_member(id) || id == getgid() || id == getegid();
}

/* A group by its name: 1, or by its number: 0. -1: nobody knows it. */
static int
policy_group_id(const char *word, gid_t *id)
{
    const struct group *group = getgrnam(word);
    int64_t number;

    if (!group && text_to_number(word, UINT32_MAX - 1, &number) < 0)
        return -1;
    *id = group ? group->gr_gid : (gid_t)number;
    return group != NULL;
}

static bool
policy_is_user(const char *word, const struct passwd *pw)
{
    const struct passwd *other;
    int64_t number;

    if (strcmp(word, pw->pw_name) == 0 ||
        (text_to_number(word, UINT32_MAX - 1, &number) == 0 &&
         (uid_t)number == geteuid()))
        return true;
    other = getpwnam(word); /* a second name of the same user */
    return other && other->pw_uid == geteuid();
}

static struct policy_answer
policy_ask_users(const struct policy_words *deny, const struct passwd *pw)
{
    for (size_t i = 0; i < deny->count; i++)
        if (policy_is_user(deny->item[i].text, pw))
            return (struct policy_answer){PERSON_NAMED, i};
    return (struct policy_answer){PERSON_CONNECTED, 0};
}

static struct policy_answer
policy_ask_groups(const struct policy *policy,
                  const struct policy_groups *groups)
{
    const struct policy_words *deny = &policy->list[POLICY_DENY_GROUPS];
    const struct policy_words *allow = &policy->list[POLICY_ALLOW_GROUPS];
    gid_t id;

    for (size_t i = 0; i < deny->count; i++) {
        int found = policy_group_id(deny->item[i].text, &id);

        /* Of a number that no database knows nobody knows the members. */
        if (found < 0 || (found == 0 && !getgrgid(id)))
            return (struct policy_answer){PERSON_NO_GROUP, i};
        if (policy_groups_have(groups, id) || policy_is_member(id))
            return (struct policy_answer){PERSON_IN_GROUP, i};
    }
    for (size_t i = 0; i < allow->count; i++)
        if (policy_group_id(allow->item[i].text, &id) >= 0 &&
            policy_groups_have(groups, id))
            return (struct policy_answer){PERSON_CONNECTED, 0};
    return (struct policy_answer){
        allow->count > 0 ? PERSON_IN_NONE : PERSON_CONNECTED, 0};
}

/* Asks the databases; in a process of its own. */
static struct policy_answer
policy_ask(const struct policy *policy)
{
    struct policy_groups groups = {NULL, 0};
    struct policy_answer answer;
    const struct passwd *found = getpwuid(geteuid());
    struct passwd pw;

    if (!found)
        return (struct policy_answer){PERSON_NO_NAME, 0};
    /* The next question to the database uses the same memory. */
    pw = (struct passwd){.pw_name = strdup(found->pw_name),
                         .pw_gid = found->pw_gid};
    if (!pw.pw_name)
        return (struct policy_answer){PERSON_UNKNOWN, 0};
    answer = policy_ask_users(&policy->list[POLICY_DENY_USERS], &pw);
    if (answer.finding != PERSON_CONNECTED || !policy_asks_groups(policy))
        return answer;
    if (policy_groups_find(&groups, &pw) < 0)
        return (struct policy_answer){PERSON_UNKNOWN, 0};
    return policy_ask_groups(policy, &groups);
}

/* What comes from fd within limit_ms. */
static struct policy_answer
policy_await(int fd, int64_t limit_ms)
{
    struct policy_answer answer = {PERSON_UNKNOWN, 0}, came;
    int64_t end = clock_now().boot + limit_ms;

    for (;;) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        int64_t left = end - clock_now().boot;

        if (left <= 0)
            return answer;
        if (poll(&input, 1, (int)left) <= 0)
            continue;
        return read(fd, &came, sizeof came) == (ssize_t)sizeof came ? came
                                                                    : answer;
    }
}

/* A database that hangs cannot be called off, but its caller can be. */
static struct policy_answer
policy_ask_bounded(const struct policy *policy, int64_t limit_ms)
{
    struct policy_answer answer = {PERSON_UNKNOWN, 0};
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return answer;
    pid = fork();
    if (pid == 0) {
        answer = policy_ask(policy);
        _exit(write(ends[1], &answer, sizeof answer) !=
              (ssize_t)sizeof answer);
    }
    close(ends[1]);
    if (pid > 0)
        answer = policy_await(ends[0], limit_ms);
    close(ends[0]);
    if (pid > 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    return answer;
}

/* The first line that makes the databases be asked. */
static const char *
policy_first_line(const struct policy *policy)
{
    static const enum policy_list lists[] = {
        POLICY_DENY_USERS, POLICY_DENY_GROUPS, POLICY_ALLOW_GROUPS};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (policy->list[lists[i]].count > 0)
            return policy->list[lists[i]].item[0].origin;
    return "";
}

/* In the order of enum policy_finding: what is said, before and behind the
 * word of the list that was found. */
static const struct {
    const char *before, *behind;
    enum policy_list list;
} policy_findings[] = {
    {"", "", POLICY_LISTS},
    {"deny_users names ", "", POLICY_DENY_USERS},
    {"you are in the group ", " of deny_groups", POLICY_DENY_GROUPS},
    {"you are in no group of allow_groups", NULL, POLICY_ALLOW_GROUPS},
    {"deny_groups names the group ", ", which cannot be found",
     POLICY_DENY_GROUPS},
    {"your user name cannot be found", NULL, POLICY_LISTS},
    {"the databases of users and groups did not answer", NULL, POLICY_LISTS},
};

int
policy_check_person(const struct policy *policy, int64_t limit_ms,
                    struct error *err)
{
    const char *origin = policy_first_line(policy), *word = "", *behind;
    const struct policy_words *words;
    struct policy_answer answer;
    enum policy_list list;

    if (!*origin)
        return 0;
    answer = policy_ask_bounded(policy, limit_ms);
    if (answer.finding == PERSON_CONNECTED)
        return 0;
    list = policy_findings[answer.finding].list;
    behind = policy_findings[answer.finding].behind;
    words = list < POLICY_LISTS ? &policy->list[list] : NULL;
    if (words && answer.word < words->count) {
        origin = words->item[answer.word].origin;
        word = behind ? words->item[answer.word].text : "";
    }
    return error_set(err, FAIL_AUTH, POLICY_DENIED,
                     "the administrator's policy does not connect you: "
                     "%s%s%s (%s)",
                     policy_findings[answer.finding].before, word,
                     behind ? behind : "", origin);
}
