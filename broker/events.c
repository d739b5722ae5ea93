#include "broker/events.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/fields.h"
#include "lib/base/file.h"
#include "lib/wrap/qr.h"

#define EVENTS_QR_WIDTH 72

void
events_send(struct secret *events)
{
    if (events->len > 0)
        file_write_all(STDOUT_FILENO, events->data, events->len);
    secret_release(events);
}

static void
events_begin(struct secret *events, const char *event)
{
    fields_put(events, "event", event);
}

void
events_put_done(struct secret *events)
{
    events_begin(events, EVENT_DONE);
    fields_end(events);
}

void
events_put_error(struct secret *events, const struct error *err)
{
    events_begin(events, EVENT_ERROR);
    fields_put(events, "text", err->text);
    fields_end(events);
}

void
events_put_environment(const struct broker *b, const struct record *r,
                       struct secret *events)
{
    if (!b->config.export_environment || secret_is_empty(&r->api_key))
        return;
    events_begin(events, EVENT_ENVIRONMENT);
    fields_put(events, "PARALLEL_API_KEY", r->api_key.data);
    fields_put(events, "PARALLEL_CREDENTIAL_KEY_ID", record_key_id(r));
    fields_end(events);
}

/* Each line of a picture is a value of its own. */
static void
events_put_qr(const struct device_code *code, struct secret *events)
{
    CLEANUP(secret_release) struct secret picture = SECRET_INIT;
    char *line, *next;
    int width;

    if (!code->verification_uri_complete ||
        qr_draw(code->verification_uri_complete, 2, 0, EVENTS_QR_WIDTH,
                &picture, &width) < 0)
        return;
    for (line = picture.data; line && *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        fields_put(events, "qr[]", line);
    }
}

void
events_put_authorize(const struct broker *b, const struct device_code *code,
                     struct secret *events)
{
    events_begin(events, EVENT_AUTHORIZE);
    fields_put(events, "verification_uri", code->verification_uri);
    if (code->verification_uri_complete)
        fields_put(events, "verification_uri_complete",
                   code->verification_uri_complete);
    fields_put(events, "user_code", code->user_code);
    fields_put_number(events, "expires_in", code->expires_in_ms / 1000);
    if (b->qr)
        events_put_qr(code, events);
    fields_end(events);
}

const char events_undo[] =
    "If that was not you, undo it: parallel-credential logout";

const char *
events_connected(char *line, size_t size, const char *organization,
                 int64_t approved)
{
    time_t at = (time_t)(approved / 1000);
    char date[32] = "";
    struct tm tm;

    if (localtime_r(&at, &tm))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
    snprintf(line, size,
             "This account is now connected to Parallel%s%s (approved %s).",
             *organization ? " as " : "", organization, date);
    return line;
}

void
events_put_connected(const char *organization, int64_t approved,
                     struct secret *events)
{
    char line[512];

    events_begin(events, EVENT_MESSAGE);
    fields_put(events, "text[]",
               events_connected(line, sizeof line, organization, approved));
    fields_put(events, "text[]", events_undo);
    fields_end(events);
}

void
events_put_message(struct secret *events, const char *line)
{
    events_begin(events, EVENT_MESSAGE);
    fields_put(events, "text[]", line);
    fields_end(events);
}
