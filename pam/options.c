#include "pam/options.h"

#include <security/pam_ext.h>
#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include "lib/base/text.h"

struct option {
    const char *name; /* with '=' at its end when a number follows */
    size_t offset;
    int64_t limit; /* the largest number; 0: the option is a flag */
};

/* Sorted. */
static const struct option options_known[] = {
    {"debug", offsetof(struct options, debug), 0},
    {"min_uid=", offsetof(struct options, min_uid), 4294967294},
    {"silent", offsetof(struct options, silent), 0},
    {"timeout=", offsetof(struct options, timeout), 60},
    {"wait=", offsetof(struct options, wait), 600},
};

/* 0 when the argument is this option, and it was set. */
static int
options_set(struct options *options, const struct option *option,
            const char *argument)
{
    void *slot = (char *)options + option->offset;
    int64_t number;

    if (option->limit == 0) {
        if (strcmp(argument, option->name) != 0)
            return -1;
        *(bool *)slot = true;
        return 0;
    }
    if (!text_starts_with(argument, option->name) ||
        text_to_number(argument + strlen(option->name), option->limit,
                       &number) < 0)
        return -1;
    *(int64_t *)slot = number;
    return 0;
}

void
options_read(struct options *options, pam_handle_t *pamh, int argc,
             const char **argv)
{
    const struct option *end =
        options_known + sizeof options_known / sizeof *options_known;

    *options = (struct options){.timeout = 5, .min_uid = 1000};
    for (int i = 0; i < argc; i++) {
        const struct option *option = options_known;
        char shown[80];

        while (option < end && options_set(options, option, argv[i]) < 0)
            option++;
        if (option < end)
            continue;
        text_show(shown, sizeof shown, argv[i]);
        pam_syslog(pamh, LOG_ERR, "bad option, ignored: %s", shown);
    }
    if (options->timeout < 1)
        options->timeout = 1;
}
