/*
 * answer.h - what a browser brings back: the authorization response (RFC 6749
 * section 4.1.2, RFC 9207), judged.
 */
#ifndef PARALLEL_WEB_ANSWER_H
#define PARALLEL_WEB_ANSWER_H

#include <stdbool.h>

#include "lib/base/secret.h"

/* The longest request target that is looked at: bytes. */
#define ANSWER_TARGET_MAX 8192

enum answer_kind {
    ANSWER_ELSEWHERE, /* another path than ours */
    ANSWER_WRONG,     /* not the answer that is waited for: no state or another
                         one, a parameter twice, neither code nor error, or
                         nothing that can be read */
    ANSWER_CODE,      /* code is filled */
    ANSWER_ERROR      /* error is filled */
};

struct answer_rules {
    const char *path;           /* "/callback" */
    const struct secret *state; /* compared in constant time */
    const char *issuer;         /* NULL: not known */
    bool issuer_required;
};

struct answer {
    struct secret code;
    char error[64];        /* cleaned */
    char description[200]; /* cleaned; without anything confidential */
};

#define ANSWER_INIT                                                           \
    {                                                                         \
        SECRET_INIT, "", ""                                                   \
    }

/* target is the request's, as it was sent. Only of a right state anything is
 * believed: then another issuer is an ANSWER_ERROR, too. */
enum answer_kind answer_judge(const struct answer_rules *rules,
                              const char *target, struct answer *answer);

void answer_release(struct answer *answer);

#endif
