#include "broker/session.h"

#include <stdio.h>
#include <string.h>

#include "broker/events.h"
#include "broker/manager.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

enum pending_status
session_pending(const struct broker *b, struct pending *pending)
{
    return pending_load(pending, &b->place);
}

void
session_settle(const struct broker *b, bool declined)
{
    struct prompt prompt = {.declined = declined};

    prompt_save(&prompt, &b->place);
    pending_remove(&b->place);
    if (declined)
        manager_settle(b);
}

static const char *
session_organization(const struct record *r)
{
    return *r->org_name ? r->org_name : r->org_id;
}

/* The person has approved: who opens a session next tells. */
static void
session_note_approval(const struct broker *b, const struct record *r)
{
    struct prompt prompt = {.approved = clock_now().real};

    text_show(prompt.organization, sizeof prompt.organization,
              session_organization(r));
    /* In this order: who sees that nothing is pending reads the other. */
    prompt_save(&prompt, &b->place);
    pending_remove(&b->place);
}

/* While a poll was made, a login by hand may have taken the code away. */
static bool
session_is_pending(const struct broker *b)
{
    CLEANUP(pending_release) struct pending there = {0};

    return session_pending(b, &there) != PENDING_NONE;
}

/* The code is of no more use: when may the next one be shown? */
static void
session_note_end(const struct broker *b, const struct pending *pending,
                 enum credential_approval approval, const struct error *why)
{
    struct prompt prompt;

    if (!session_is_pending(b))
        return;
    prompt_load(&prompt, &b->place);
    if (approval == APPROVAL_DENIED)
        prompt.declined = true;
    else
        prompt_note_unused(&prompt, pending->unseen, pending->ends,
                           b->config.prompt_backoff_ms);
    /* The person has approved, as far as is known, and should know why nothing
     * came of it. */
    if (approval == APPROVAL_FAILED && pending->lost[0])
        text_show(prompt.notice, sizeof prompt.notice, why->text);
    prompt_save(&prompt, &b->place);
    pending_remove(&b->place);
}

/* A poll was made; the next one may be some time later. -1: that cannot be
 * kept, and then the code has to go, or every session would poll at once. */
static int
session_note_poll(const struct broker *b, const struct pending *pending)
{
    if (!session_is_pending(b))
        return -1;
    if (pending_save(pending, &b->place, NULL) == 0)
        return 0;
    pending_remove(&b->place);
    return -1;
}

/* One poll, and what follows from it for the files. */
enum credential_approval
session_poll_once(struct broker *b, struct pending *pending,
                  struct record **record, struct error *err)
{
    enum credential_approval approval =
        credential_poll(&b->credential, pending, record, err);

    switch (approval) {
    case APPROVAL_GRANTED:
        session_note_approval(b, *record);
        break;
    case APPROVAL_PENDING:
        if (session_note_poll(b, pending) < 0)
            return APPROVAL_FAILED;
        break;
    case APPROVAL_DENIED:
    case APPROVAL_EXPIRED:
    case APPROVAL_FAILED:
        session_note_end(b, pending, approval, err);
        break;
    }
    return approval;
}

bool
session_ask_again(struct broker *b, struct record **record)
{
    CLEANUP(pending_release) struct pending pending = {0};
    struct error ignored = ERROR_INIT;
    cleanup_close int polling = pending_take(&b->place, 0);

    /* Only Parallel's codes wait there. */
    return provider_is_builtin(b->credential.choice.provider) &&
           polling >= 0 && session_pending(b, &pending) == PENDING_LIVE &&
           pending_wait(&pending) == 0 &&
           session_poll_once(b, &pending, record, &ignored) ==
               APPROVAL_GRANTED;
}

void
session_print_news(const struct broker *b)
{
    CLEANUP(pending_release) struct pending pending = {0};
    struct prompt prompt;
    char line[512];

    if (session_pending(b, &pending) == PENDING_LIVE)
        printf("To connect this account to Parallel, open\n    %s\n"
               "and approve the code %s\n",
               pending.code.verification_uri_complete
                   ? pending.code.verification_uri_complete
                   : pending.code.verification_uri,
               pending.code.user_code);
    prompt_load(&prompt, &b->place);
    if (prompt.approved == 0 && !prompt.notice[0])
        return;
    if (prompt.notice[0])
        printf("Not connected to Parallel: %s\n", prompt.notice);
    if (prompt.approved)
        printf("%s\n%s\n",
               events_connected(line, sizeof line, prompt.organization,
                                prompt.approved),
               events_undo);
    prompt_announced(&prompt);
    prompt_save(&prompt, &b->place);
}
