/*
 * prompt.h - whether a login may show a code, and what the next one has to
 * tell.
 *
 * The file "prompt" in the state folder remembers the codes that nobody
 * used, a refusal, and an approval that has not been announced yet. What a
 * person starts by hand ("login") is never held back by it.
 */
#ifndef PARALLEL_PROMPT_H
#define PARALLEL_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/place.h"

struct prompt {
    int64_t not_before; /* real clock, ms */
    int64_t wait;       /* how long that was from when it was set */
    int64_t unused;     /* codes in a row that nobody used */
    bool declined;      /* refused, or signed out on purpose */
    int64_t approved;   /* when, or 0: nothing to announce */
    char organization[256];
    char notice[640]; /* why an approval was thrown away, or "" */
};

/* What is remembered; all zero when nothing is. */
void prompt_load(struct prompt *prompt, const struct place *place);

/* Replace it; remove the file when there is nothing to remember. Trouble is
 * ignored: then a code is shown once too often. */
void prompt_save(const struct prompt *prompt, const struct place *place);

/* What there was to tell has been told. */
void prompt_announced(struct prompt *prompt);

/* Whether a code may be shown now. */
bool prompt_is_allowed(const struct prompt *prompt);

/* None for ms. */
void prompt_hold(struct prompt *prompt, int64_t ms);

/*
 * A code ran out at ended (real clock, ms), from when the pause counts, even
 * if that is noticed only now. unseen: where it was shown perhaps nobody
 * looked, so the pause is ten minutes; else pause_ms (the configured one),
 * four times that the second time, then a day.
 */
void prompt_note_unused(struct prompt *prompt, bool unseen, int64_t ended,
                        int64_t pause_ms);

#endif
