/*
 * options.h - what stands behind the module's name on a PAM line.
 */
#ifndef PARALLEL_PAM_OPTIONS_H
#define PARALLEL_PAM_OPTIONS_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

struct options {
    int64_t wait;    /* s: hold the login that long for the approval */
    int64_t timeout; /* s: how long the helper may take before it is killed */
    int64_t min_uid; /* users below it are left alone */
    bool silent;     /* never show anything */
    bool debug;
};

/* Read the arguments. One that is not known, or has a bad value, is named in
 * the log and otherwise ignored: a mistake on a PAM line refuses no login. */
void options_read(struct options *options, pam_handle_t *pamh, int argc,
                  const char **argv);

#endif
