/*
 * Trouble: what goes wrong with requests, queued by POST /trouble. See
 * state.h for the lock; effect.h acts it out.
 */
#ifndef PLATFORM_TROUBLE_H
#define PLATFORM_TROUBLE_H

#include <json-c/json.h>

#include "tests/platform/endpoint.h"

enum trouble_kind {
    TROUBLE_DELAY,       /* answers as always, after ms */
    TROUBLE_DRIP,        /* headers, then a byte every ms for ever */
    TROUBLE_EMPTY,       /* no body */
    TROUBLE_ERROR,       /* an OAuth error */
    TROUBLE_GARBAGE,     /* random bytes */
    TROUBLE_GATE,        /* answers as always, once the gate opens */
    TROUBLE_HANG,        /* no answer */
    TROUBLE_HTML,        /* a web page */
    TROUBLE_HUGE,        /* a body of so many bytes */
    TROUBLE_NULL,        /* the JSON value null */
    TROUBLE_RESET,       /* TCP reset, nothing done */
    TROUBLE_RESET_AFTER, /* the request is done, then TCP reset */
    TROUBLE_RESET_MID,   /* done, half of the answer, then TCP reset */
    TROUBLE_STATUS,      /* this status and body, nothing done */
    TROUBLE_TRUNCATE,    /* done, half of the answer as if it were whole */
};

struct trouble {
    enum trouble_kind kind;
    char *endpoint; /* a pattern, see endpoint.h */
    long times;     /* how often it strikes; -1: always */
    long after;     /* how many requests it lets pass first */
    unsigned status;
    double ms;
    double bytes;
    char *body;
    char *content_type;
    char *retry_after;
    char *location;
    char *error;
    char *description;
    struct trouble *then; /* for what comes after a delay or the gate */
    unsigned users;
    struct trouble *next;
};

/* Queues what the object says; returns NULL, or what is wrong, to be freed. */
char *trouble_queue(struct json_object *in);

/*
 * The trouble that strikes this request, or NULL. Each queued trouble counts
 * each request it matches; the first that is due strikes. To be given back
 * with trouble_release, which takes the lock itself.
 */
struct trouble *trouble_take(enum endpoint endpoint);
void trouble_release(struct trouble *trouble);

/* Forgets what is queued, or only the gates that are. */
void trouble_clear(void);
void trouble_clear_gates(void);

struct json_object *trouble_describe(void);

#endif
