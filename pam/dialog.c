#include "pam/dialog.h"

#include <security/pam_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#define DIALOG_LINE_MAX   512
#define DIALOG_LINES_MAX  64
#define DIALOG_NAME_MAX   64
#define DIALOG_VALUE_MAX  4096
#define DIALOG_VALUES_MAX 8

/*
 * One message, however many lines it has: some callers print only so many.
 * false when it was not shown: a conversation that is missing or fails is no
 * trouble of ours, and a caller that keeps the session's messages to itself
 * (su without a login shell) answers with nothing at all.
 */
static bool
dialog_show(pam_handle_t *pamh, const struct secret *text)
{
    const struct pam_message message = {PAM_TEXT_INFO, text->data};
    const struct pam_message *messages = &message;
    struct pam_response *answer = NULL;
    const void *item = NULL;
    const struct pam_conv *talk;
    bool shown;

    if (text->len == 0 || pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS ||
        !item)
        return false;
    talk = item;
    shown =
        talk->conv &&
        talk->conv(1, &messages, &answer, talk->appdata_ptr) == PAM_SUCCESS &&
        answer;
    if (shown)
        free(answer->resp);
    free(answer);
    return shown;
}

static void
dialog_add_line(struct secret *text, const char *before, const char *line)
{
    char shown[DIALOG_LINE_MAX];

    if (text->len > 0)
        secret_append_text(text, "\n");
    secret_append_text(text, before);
    secret_append_text(text, text_show(shown, sizeof shown, line));
}

static void
dialog_add_list(struct secret *text, const struct fields *event,
                const char *key)
{
    const char *line;
    size_t at = 0, count = 0;

    while (count++ < DIALOG_LINES_MAX && (line = fields_next(event, key, &at)))
        dialog_add_line(text, "", line);
}

/* One that would not be shown whole is none. */
static bool
dialog_is_address(const char *address)
{
    return *address && strlen(address) < DIALOG_LINE_MAX &&
           url_require_safe(address, "", NULL) == 0;
}

static bool
dialog_authorize(pam_handle_t *pamh, const struct fields *event, bool waiting)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    const char *address = fields_text(event, "verification_uri_complete");
    const char *code = fields_text(event, "user_code");
    bool complete = dialog_is_address(address);

    if (!complete)
        address = fields_text(event, "verification_uri");
    if (!*code || !dialog_is_address(address))
        return false;
    secret_append_text(&text, "To connect this account to Parallel, open");
    dialog_add_line(&text, "    ", address);
    dialog_add_line(&text,
                    complete ? "and approve, if the page shows the code "
                             : "and enter the code ",
                    code);
    dialog_add_list(&text, event, "qr[]");
    dialog_add_line(&text, "",
                    waiting ? "Waiting for your approval ..."
                            : "There is no need to wait for it.");
    return dialog_show(pamh, &text);
}

static void
dialog_message(pam_handle_t *pamh, const struct fields *event)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;

    dialog_add_list(&text, event, "text[]");
    dialog_show(pamh, &text);
}

static bool
dialog_is_name(const char *name)
{
    size_t len = strlen(name);

    return text_starts_with(name, EVENT_NAME_PREFIX) &&
           len < DIALOG_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len;
}

static bool
dialog_is_value(const char *value)
{
    size_t len = strlen(value);

    for (size_t i = 0; i < len; i++)
        if (value[i] < ' ' || value[i] > '~')
            return false;
    return len < DIALOG_VALUE_MAX;
}

static void
dialog_environment(pam_handle_t *pamh, const struct fields *event)
{
    int count = 0;

    for (size_t i = 0; i < event->count; i++) {
        const struct field *item = &event->item[i];
        CLEANUP(secret_release) struct secret line = SECRET_INIT;

        if (!dialog_is_name(item->key) || !dialog_is_value(item->value) ||
            count++ >= DIALOG_VALUES_MAX)
            continue;
        if (secret_append_text(&line, item->key) == 0 &&
            secret_append_text(&line, "=") == 0 &&
            secret_append_text(&line, item->value) == 0)
            pam_putenv(pamh, line.data);
    }
}

static void
dialog_error(pam_handle_t *pamh, const struct fields *event)
{
    const void *user = NULL;
    char shown[DIALOG_LINE_MAX], name[64];

    pam_get_item(pamh, PAM_USER, &user);
    text_show(name, sizeof name, user);
    text_show(shown, sizeof shown, fields_text(event, "text"));
    pam_syslog(pamh, LOG_NOTICE, "user %s is not connected: %s", name, shown);
}

enum dialog_result
dialog_handle(pam_handle_t *pamh, const struct fields *event, bool quiet,
              bool waiting)
{
    const char *name = fields_text(event, "event");

    if (strcmp(name, EVENT_AUTHORIZE) == 0)
        return !quiet && dialog_authorize(pamh, event, waiting)
                   ? DIALOG_AUTHORIZING
                   : DIALOG_UNSEEN;
    if (strcmp(name, EVENT_ENVIRONMENT) == 0)
        dialog_environment(pamh, event);
    else if (strcmp(name, EVENT_ERROR) == 0)
        dialog_error(pamh, event);
    else if (strcmp(name, EVENT_MESSAGE) == 0 && !quiet)
        dialog_message(pamh, event);
    return DIALOG_HANDLED;
}
