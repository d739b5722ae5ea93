/*
 * What the child of the PAM module says is a user's word and reaches a
 * terminal, the environment and the log of a program of root's: whatever it
 * is, only clean text in bounded pieces may come out.
 *
 * The first byte chooses how it is shown; then come the events.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pam/dialog.c"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Much smaller than what a terminal or an environment can bear. */
#define LINE_MAX_BYTES 600
#define LINES_MAX      70
#define NAME_MAX_BYTES 64
#define VALUE_MAX      4096
#define VARIABLES_MAX  8

/* The application, as far as the dialogue sees it. */
struct application {
    const char *event; /* that is being handled */
    bool quiet;
    bool deaf;        /* its conversation fails */
    const char *user; /* PAM_USER */
    size_t messages;
    size_t variables;
};

/* Cleaning it once more changes nothing. */
static void
require_clean(const char *line, size_t len)
{
    char *again = malloc(4 * len + 1);

    require(again != NULL, "there is memory");
    require(text_clean(again, 4 * len + 1, line, len) == len &&
                memcmp(again, line, len) == 0,
            "text that comes out is clean");
    for (size_t i = 0; i < len; i++)
        require((unsigned char)line[i] >= ' ' && line[i] != 0x7f,
                "no control character comes out");
    free(again);
}

/* The second line of what is shown about a code. */
static void
require_address(const char *text)
{
    const char *line = strchr(text, '\n');
    size_t len = line ? strcspn(line + 1, "\n") : 0;
    char *address = strndup(line ? line + 1 : "", len);

    require(address && strncmp(address, "    ", 4) == 0 &&
                url_require_safe(address + 4, "", NULL) == 0,
            "an address is https, or of this machine");
    free(address);
}

static void
require_message(const char *text)
{
    size_t lines = 0;

    require(*text, "an empty message is none");
    for (const char *line = text; line; lines++) {
        const char *end = strchr(line, '\n');
        size_t len = end ? (size_t)(end - line) : strlen(line);

        require(len < LINE_MAX_BYTES, "a line is bounded");
        require_clean(line, len);
        line = end ? end + 1 : NULL;
    }
    require(lines <= LINES_MAX, "a message is bounded");
}

static int
converse(int count, const struct pam_message **message,
         struct pam_response **response, void *data)
{
    struct application *application = data;

    require(count == 1, "one message at a time");
    require(message[0]->msg_style == PAM_TEXT_INFO, "nothing is asked");
    require(!application->quiet, "nothing is shown to who wants silence");
    require_message(message[0]->msg);
    if (strcmp(application->event, "authorize") == 0)
        require_address(message[0]->msg);
    application->messages++;
    if (application->deaf)
        return PAM_CONV_ERR;
    *response = calloc(1, sizeof **response);
    return PAM_SUCCESS;
}

/* ---- libpam --------------------------------------------------------------
 */

static struct pam_conv talk = {.conv = converse};

int
pam_get_item(const pam_handle_t *pamh, int item_type, const void **item)
{
    const struct application *application = (const void *)pamh;

    talk.appdata_ptr = (void *)(uintptr_t)application;
    *item = item_type == PAM_CONV   ? (const void *)&talk
            : item_type == PAM_USER ? application->user
                                    : NULL;
    return PAM_SUCCESS;
}

int
pam_putenv(pam_handle_t *pamh, const char *name_value)
{
    struct application *application = (void *)pamh;
    size_t name = strcspn(name_value, "=");

    require(name_value[name] == '=', "a variable is set, not taken away");
    require(name < NAME_MAX_BYTES && strncmp(name_value, "PARALLEL_", 9) == 0,
            "only names of ours");
    for (size_t i = 0; i < name; i++)
        require(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
                       name_value[i]) != NULL,
                "a name is of capitals");
    require(strlen(name_value + name + 1) < VALUE_MAX, "a value is bounded");
    for (const char *at = name_value + name + 1; *at; at++)
        require(*at >= ' ' && *at <= '~', "a value is printable");
    application->variables++;
    return PAM_SUCCESS;
}

void
pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
    char line[4096];
    va_list args;
    int len;

    (void)pamh;
    require((priority & 7) >= LOG_ERR, "a user raises no alarm");
    va_start(args, format);
    len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    require(len >= 0 && (size_t)len < sizeof line, "a log line is bounded");
    require_clean(line, (size_t)len);
}

/* ---- events --------------------------------------------------------------
 */

static void
take_event(struct application *application, const struct fields *event)
{
    struct application before = *application;
    enum dialog_result result;

    application->event = fields_text(event, "event");
    result = dialog_handle((pam_handle_t *)application, event,
                           application->quiet, false);
    require(application->messages - before.messages <= 1,
            "an event is one message at most");
    require(application->variables - before.variables <= VARIABLES_MAX,
            "an event sets a few variables at most");
    if (result != DIALOG_HANDLED)
        require(strcmp(application->event, "authorize") == 0,
                "only a code is waited for");
    if (strcmp(application->event, "environment") != 0)
        require(application->variables == before.variables,
                "only an environment sets variables");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(fields_release) struct fields event = FIELDS_INIT;
    struct application application = {.user = "somebody"};
    size_t start = 0, used = 0;

    if (size < 1)
        return 0;
    application.quiet = data[0] & 1;
    application.deaf = data[0] & 2;
    require(secret_append(&text, data + 1, size - 1) == 0, "there is memory");
    if (data[0] & 4)
        application.user = data[0] & 8 ? NULL : secret_text(&text);
    while (start < text.len &&
           fields_parse(&event, text.data + start, text.len - start, false,
                        &used, NULL) == 0) {
        take_event(&application, &event);
        start += used;
    }
    return 0;
}
