/*
 * A web page being written: plain HTML, no script, no picture.
 *
 *     struct sheet sheet;
 *     sheet_begin(&sheet, "Title");
 *     fputs("<p>", sheet.out); sheet_escape(sheet.out, text); …
 *     sheet_end(&sheet, 200, reply);
 */
#ifndef PLATFORM_SHEET_H
#define PLATFORM_SHEET_H

#include <stddef.h>
#include <stdio.h>

#include "tests/platform/reply.h"

struct sheet {
    FILE *out;
    char *bytes;
    size_t length;
    const char *target; /* where else its form may lead, for the policy */
};

void sheet_begin(struct sheet *sheet, const char *title);

/* Makes the page the answer; the sheet is no more. */
void sheet_end(struct sheet *sheet, unsigned status, struct reply *reply);

/* Writes text with everything escaped that means something in HTML. */
void sheet_escape(FILE *out, const char *text);

/* Ends a form with two buttons, whose field is "decision": refuse, and
 * approve, on which yes stands. */
void sheet_decide(struct sheet *sheet, const char *yes);

/* A whole page: a title and a sentence. */
void sheet_say(const char *title, const char *text, unsigned status,
               struct reply *reply);

#endif
