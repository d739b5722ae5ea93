#include "lib/base/journal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"

#define JOURNAL_PROGRAM "parallel-credential"
#define JOURNAL_SOCKET  "/run/systemd/journal/socket"
#define JOURNAL_SYSLOG  "/dev/log"

/* Bytes of one value, and of the one that is a sentence. */
#define JOURNAL_VALUE_MAX  256
#define JOURNAL_DETAIL_MAX 512

/* In the order of enum journal_event. The ids never change. */
static const struct {
    const char *name;
    const char *id;
} journal_events[] = {
    {"authorized", "4c17079655864b8cbb0c8fb30ca65e4c"},
    {"renewed", "c74db4af2df542ad9634b8d2703f000a"},
    {"refused", "bb77c35e156c4d799621b5d44bc471e0"},
    {"revoked", "9fd79462958946ab91ef3bcb5c47a45c"},
    {"failed", "374677313af24013ae51ea4574099220"},
};

#define JOURNAL_DEBUG_ID "2f02822ea30f4befac2bb20e61b34506"

static struct {
    enum journal_level level;
    char user[JOURNAL_VALUE_MAX];
    char command[64];
} journal;

void
journal_open(enum journal_level level, const char *user, const char *command)
{
    journal.level = level;
    text_show(journal.user, sizeof journal.user, user);
    text_show(journal.command, sizeof journal.command, command);
}

/* ---- sending --------------------------------------------------------------
 */

/* false: nobody listens there. */
static bool
journal_send(const char *path, const struct secret *datagram)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    cleanup_close int fd =
        socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    text_put(to.sun_path, sizeof to.sun_path, 0, path);
    if (fd < 0)
        return true;
    return sendto(fd, datagram->data, datagram->len, MSG_NOSIGNAL,
                  (const struct sockaddr *)&to, sizeof to) >= 0 ||
           (errno != ENOENT && errno != ECONNREFUSED && errno != ENOTDIR &&
            errno != EACCES && errno != EPROTOTYPE);
}

/* RFC 3164, as syslog(3) writes it; but that waits. */
static void
journal_send_syslog(int priority, const char *line)
{
    CLEANUP(secret_release) struct secret datagram = SECRET_INIT;
    char head[96], when[32] = "";
    time_t now = time(NULL);
    struct tm parts;

    if (localtime_r(&now, &parts))
        strftime(when, sizeof when, "%h %e %T", &parts);
    snprintf(head, sizeof head,
             "<%d>%s " JOURNAL_PROGRAM "[%d]: ", LOG_AUTHPRIV | priority, when,
             (int)getpid());
    if (secret_append_text(&datagram, head) == 0 &&
        secret_append_text(&datagram, line) == 0)
        journal_send(JOURNAL_SYSLOG, &datagram);
}

/* ---- one line -------------------------------------------------------------
 */

struct journal_line {
    struct secret text;   /* "event key=value key=value" */
    struct secret fields; /* "KEY=value\n", journald's own */
};

static void
journal_line_release(struct journal_line *line)
{
    secret_release(&line->text);
    secret_release(&line->fields);
}

static bool
journal_is_plain(const char *value)
{
    return strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_.:/@+-") == strlen(value);
}

/* A value as it stands behind "key=": in quotes if need be. */
static void
journal_put_value(struct secret *text, const char *value)
{
    bool plain = journal_is_plain(value);

    if (!plain)
        secret_append_text(text, "\"");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            secret_append_text(text, "\\");
        secret_append(text, value, 1);
    }
    if (!plain)
        secret_append_text(text, "\"");
}

static void
journal_put_field(struct secret *fields, const char *key, const char *value)
{
    secret_append_text(fields, key);
    secret_append_text(fields, "=");
    secret_append_text(fields, value);
    secret_append_text(fields, "\n");
}

/* key: as in the text; name: journald's, behind "PARALLEL_". */
static void
journal_put(struct journal_line *line, const char *key, const char *name,
            const char *value, size_t most)
{
    char shown[JOURNAL_DETAIL_MAX];

    if (!value || !*value)
        return;
    text_show(shown, most, value);
    secret_append_text(&line->text, " ");
    secret_append_text(&line->text, key);
    secret_append_text(&line->text, "=");
    journal_put_value(&line->text, shown);
    secret_append_text(&line->fields, "PARALLEL_");
    journal_put_field(&line->fields, name, shown);
}

static void
journal_put_who(struct journal_line *line)
{
    char uid[TEXT_NUMBER_SIZE];

    journal_put(line, "user", "USER", journal.user, JOURNAL_VALUE_MAX);
    journal_put(line, "uid", "UID", text_from_number(uid, (int64_t)geteuid()),
                sizeof uid);
    journal_put(line, "command", "COMMAND", journal.command,
                JOURNAL_VALUE_MAX);
}

static void
journal_write(struct journal_line *line, int priority, const char *id)
{
    char number[TEXT_NUMBER_SIZE];

    journal_put_field(&line->fields, "MESSAGE", secret_text(&line->text));
    journal_put_field(&line->fields, "MESSAGE_ID", id);
    journal_put_field(&line->fields, "PRIORITY",
                      text_from_number(number, priority));
    journal_put_field(&line->fields, "SYSLOG_FACILITY",
                      text_from_number(number, LOG_AUTHPRIV >> 3));
    journal_put_field(&line->fields, "SYSLOG_IDENTIFIER", JOURNAL_PROGRAM);
    if (!journal_send(JOURNAL_SOCKET, &line->fields))
        journal_send_syslog(priority, secret_text(&line->text));
}

void
journal_note(const struct journal_entry *entry)
{
    CLEANUP(journal_line_release)
    struct journal_line line = {SECRET_INIT, SECRET_INIT};
    const char *name = journal_events[entry->event].name;

    if (journal.level < JOURNAL_NOTICE)
        return;
    secret_append_text(&line.text, name);
    secret_append_text(&line.fields, "PARALLEL_");
    journal_put_field(&line.fields, "EVENT", name);
    journal_put_who(&line);
    journal_put(&line, "provider", "PROVIDER", entry->provider,
                JOURNAL_VALUE_MAX);
    journal_put(&line, "issuer", "ISSUER", entry->issuer, JOURNAL_VALUE_MAX);
    journal_put(&line, "org", "ORG", entry->org, JOURNAL_VALUE_MAX);
    journal_put(&line, "org_name", "ORG_NAME", entry->org_name,
                JOURNAL_VALUE_MAX);
    journal_put(&line, "reason", "REASON", entry->reason, JOURNAL_VALUE_MAX);
    journal_put(&line, "detail", "DETAIL", entry->detail, JOURNAL_DETAIL_MAX);
    journal_write(&line, LOG_NOTICE, journal_events[entry->event].id);
}

void
journal_debug(const char *format, ...)
{
    CLEANUP(journal_line_release)
    struct journal_line line = {SECRET_INIT, SECRET_INIT};
    char text[JOURNAL_DETAIL_MAX];
    va_list args;

    if (journal.level < JOURNAL_DEBUG)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    secret_append_text(&line.text, "debug");
    secret_append_text(&line.fields, "PARALLEL_");
    journal_put_field(&line.fields, "EVENT", "debug");
    journal_put_who(&line);
    journal_put(&line, "detail", "DETAIL", text, sizeof text);
    journal_write(&line, LOG_DEBUG, JOURNAL_DEBUG_ID);
}
