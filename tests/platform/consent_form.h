/*
 * The form on which a person decides about a consent, and what comes of it.
 * See state.h for the lock.
 */
#ifndef PLATFORM_CONSENT_FORM_H
#define PLATFORM_CONSENT_FORM_H

#include "tests/platform/consent.h"
#include "tests/platform/reply.h"
#include "tests/platform/request.h"
#include "tests/platform/sheet.h"

/* Begins a form of the page, which is sent to action. */
void consent_form_begin(struct sheet *sheet, struct consent *consent,
                        const char *action);

/*
 * Ends it with the two buttons, yes on the one that approves, and makes the
 * page the answer; it may lead to where the browser goes afterwards.
 */
void consent_form_end(struct sheet *sheet, const struct consent *consent,
                      const char *yes, struct reply *reply);

/* The pending consent whose form was sent; NULL, and answered, if none is. */
struct consent *consent_form_read(const struct request *request,
                                  enum port port, struct reply *reply);

/* Does what the form says; without a key in it, that is a new one. */
void consent_form_decide(struct consent *consent, const struct form *form,
                         struct reply *reply);

#endif
