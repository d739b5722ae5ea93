#include "broker/doctor.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text.h"

/* What they build on comes first. */
static void (*const doctor_checks[])(struct doctor *d) = {
    doctor_person,      doctor_installation, doctor_config, doctor_places,
    doctor_runtime,     doctor_pam,          doctor_store,  doctor_locks,
    doctor_keyring,     doctor_client,       doctor_tokens, doctor_network,
    doctor_environment, doctor_git,          doctor_shell,
};

static const char *const doctor_words[DOCTOR_LEVELS] = {"ok", "warning",
                                                        "wrong"};

void
doctor_advise(struct doctor *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(d->advice, sizeof d->advice, format, args);
    va_end(args);
}

const char *
doctor_word(struct doctor *d, const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789/_.:@-";
    size_t used = 0, i = 0;

    if (*name && *name != '-' && strlen(name) < sizeof d->word &&
        name[strspn(name, plain)] == '\0') {
        snprintf(d->word, sizeof d->word, "%s", name);
        return d->word;
    }
    used = text_put(d->word, sizeof d->word, used, "'");
    for (; name[i] && used < sizeof d->word - 8; i++) {
        const char one[] = {name[i], '\0'};

        used = text_put(d->word, sizeof d->word, used,
                        name[i] == '\'' ? "'\\''" : one);
    }
    /* Half a name would be another one. */
    if (name[i])
        return "...";
    text_put(d->word, sizeof d->word, used, "'");
    return d->word;
}

static void
doctor_print_json(struct doctor *d, enum doctor_level level, const char *id,
                  const char *text, const char *advice)
{
    struct json *line = json_new_object();

    json_put_text(line, "id", id);
    json_put_text(line, "level", doctor_words[level]);
    json_put_text(line, "text", text);
    json_put_text(line, "mend", *advice ? advice : NULL);
    if (broker_print_json(line, d->err) < 0)
        d->failed = true;
}

void
doctor_tell(struct doctor *d, enum doctor_level level, const char *id,
            const char *format, ...)
{
    char text[1200], shown[1200], advice[DOCTOR_ADVICE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_show(shown, sizeof shown, text);
    text_show(advice, sizeof advice, d->advice);
    d->advice[0] = '\0';
    d->count[level]++;
    if (d->failed)
        return;
    if (d->b->json) {
        doctor_print_json(d, level, id, shown, advice);
        return;
    }
    printf("%-8s%s: %s\n", doctor_words[level], id, shown);
    if (*advice)
        printf("        > %s\n", advice);
    d->failed = broker_flush(d->err) < 0;
}

/* All that has been counted. */
static void
doctor_sum_up(struct doctor *d)
{
    enum doctor_level level = d->count[DOCTOR_WRONG]     ? DOCTOR_WRONG
                              : d->count[DOCTOR_WARNING] ? DOCTOR_WARNING
                                                         : DOCTOR_OK;
    struct json *line;

    if (d->failed)
        return;
    if (!d->b->json) {
        printf("%zu wrong, %zu warning%s, %zu ok\n", d->count[DOCTOR_WRONG],
               d->count[DOCTOR_WARNING],
               d->count[DOCTOR_WARNING] == 1 ? "" : "s", d->count[DOCTOR_OK]);
        d->failed = broker_flush(d->err) < 0;
        return;
    }
    line = json_new_object();
    json_put_text(line, "id", "sum");
    json_put_text(line, "level", doctor_words[level]);
    for (int i = DOCTOR_OK; i < DOCTOR_LEVELS; i++)
        json_put_number(line, doctor_words[i], (int64_t)d->count[i]);
    d->failed = broker_print_json(line, d->err) < 0;
}

/*
 * The broker is opened by the checks, piece by piece, and not by
 * broker_open(), which would stop at the first thing that is wrong.
 */
int
broker_doctor(struct broker *b, int *status, struct error *err)
{
    const struct passwd *pw = getpwuid(geteuid());
    struct doctor d = {.b = b, .err = err};

    d.has_home = place_find(&b->place, pw ? pw->pw_dir : NULL) == 0;
    for (size_t i = 0; i < sizeof doctor_checks / sizeof *doctor_checks; i++)
        doctor_checks[i](&d);
    doctor_sum_up(&d);
    if (d.failed)
        return -1;
    *status = d.count[DOCTOR_WRONG] ? FAIL_SERVICE : FAIL_NONE;
    return 0;
}
