/*
 * git.h - git's configuration, by git itself.
 */
#ifndef PARALLEL_BROKER_GIT_H
#define PARALLEL_BROKER_GIT_H

#include "lib/base/error.h"
#include "lib/base/secret.h"

/*
 * Run git with argv, which begins with "git" and ends with NULL; no shell
 * reads it. What it prints goes to out (which is replaced); what it complains
 * about, to our standard error. Returns its exit status, or -1 with err when
 * it could not be run, was killed, printed more than GIT_OUTPUT_MAX bytes, or
 * took longer than GIT_LIMIT.
 */
#define GIT_OUTPUT_MAX 65536
#define GIT_LIMIT      5000 /* ms */
int git_run(char *const argv[], struct secret *out, struct error *err);

#endif
