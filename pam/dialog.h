/*
 * dialog.h - events of the child, turned into messages and environment.
 *
 * Nothing of an event is believed: text is decoded as UTF-8 and cleaned of
 * control and bidirectional characters, addresses must be https (or of this
 * machine), names of variables must begin with PARALLEL_, and everything is
 * bounded.
 */
#ifndef PARALLEL_PAM_DIALOG_H
#define PARALLEL_PAM_DIALOG_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "lib/base/fields.h"

enum dialog_result {
    DIALOG_HANDLED,
    DIALOG_AUTHORIZING, /* a code was shown: the child may go on polling */
    DIALOG_UNSEEN       /* so it may, but there is nobody to wait for */
};

/* Act on one event. quiet: nothing is shown. */
enum dialog_result dialog_handle(pam_handle_t *pamh,
                                 const struct fields *event, bool quiet,
                                 bool waiting);

#endif
