#include "lib/prompt.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fields.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define PROMPT_NAME   "prompt"
#define PROMPT_MAX    4096
#define PROMPT_UNSEEN (10 * 60 * 1000)
#define PROMPT_DAY    (24 * 3600 * 1000LL)

void
prompt_load(struct prompt *prompt, const struct place *place)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    cleanup_close int folder = -1;

    *prompt = (struct prompt){0};
    if (file_open_folder(place->state, false, &folder, NULL) != FILE_OK ||
        file_read(folder, "", PROMPT_NAME, PROMPT_MAX, &text, NULL, NULL) !=
            FILE_OK ||
        text.len == 0 ||
        fields_parse(&f, text.data, text.len, false, NULL, NULL) < 0)
        return;
    prompt->not_before = fields_number(&f, "not_before");
    prompt->wait = fields_number(&f, "wait");
    prompt->unused = fields_number(&f, "unused");
    prompt->declined = fields_get(&f, "declined") != NULL;
    prompt->approved = fields_number(&f, "approved_at");
    text_show(prompt->organization, sizeof prompt->organization,
              fields_text(&f, "organization"));
    text_show(prompt->notice, sizeof prompt->notice,
              fields_text(&f, "notice"));
}

void
prompt_announced(struct prompt *prompt)
{
    prompt->approved = 0;
    prompt->notice[0] = '\0';
}

static int
prompt_write(const struct prompt *prompt, struct secret *text)
{
    int result = 0;

    if (prompt->wait)
        result |= fields_put_number(text, "not_before", prompt->not_before) |
                  fields_put_number(text, "wait", prompt->wait);
    if (prompt->unused)
        result |= fields_put_number(text, "unused", prompt->unused);
    if (prompt->declined)
        result |= fields_put(text, "declined", "1");
    if (prompt->approved)
        result |= fields_put_number(text, "approved_at", prompt->approved) |
                  fields_put(text, "organization", prompt->organization);
    if (prompt->notice[0])
        result |= fields_put(text, "notice", prompt->notice);
    return result;
}

void
prompt_save(const struct prompt *prompt, const struct place *place)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct file_draft draft = FILE_DRAFT_INIT;
    cleanup_close int folder = -1;
    int result = prompt_write(prompt, &text);
    bool empty = text.len == 0;

    if (result < 0 ||
        file_open_folder(place->state, !empty, &folder, NULL) != FILE_OK)
        return;
    if (empty) {
        unlinkat(folder, PROMPT_NAME, 0);
        return;
    }
    if (fields_end(&text) == 0 &&
        file_draft_open(&draft, folder, place->state, PROMPT_NAME, text.len,
                        false, NULL) == 0)
        file_draft_commit(&draft, text.data, text.len, NULL);
    file_draft_discard(&draft);
}

bool
prompt_is_allowed(const struct prompt *prompt)
{
    int64_t left = prompt->not_before - clock_now().real;

    /* Further off than it was long: the clock was set back. */
    return !prompt->declined && (left <= 0 || left > prompt->wait);
}

static void
prompt_hold_from(struct prompt *prompt, int64_t since, int64_t ms)
{
    int64_t now = clock_now().real;

    prompt->wait = ms;
    prompt->not_before = (since < now ? since : now) + ms;
}

void
prompt_hold(struct prompt *prompt, int64_t ms)
{
    prompt_hold_from(prompt, INT64_MAX, ms);
}

void
prompt_note_unused(struct prompt *prompt, bool unseen, int64_t ended,
                   int64_t pause_ms)
{
    int64_t pause = prompt->unused == 0   ? pause_ms
                    : prompt->unused == 1 ? 4 * pause_ms
                                          : PROMPT_DAY;

    if (unseen) {
        prompt_hold_from(prompt, ended, PROMPT_UNSEEN);
        return;
    }
    prompt->unused++;
    prompt_hold_from(prompt, ended, pause < PROMPT_DAY ? pause : PROMPT_DAY);
}
