/*
 * web.h - the web program, started and spoken to (lib/base/web.h has the
 * words).
 *
 *     CLEANUP(web_release) struct web web = WEB_INIT;
 *     if (web_start(&web, &request, err) < 0) ...
 *     ... make an address of redirect_uri, state and code_challenge
 *     if (web_send_address(&web, address, err) < 0) ...
 *     ... wait until web.socket is readable
 *     if (web_receive(&web, err) < 0) ...
 *     web_end(&web, true);
 *
 * Or, where a browser is only to be led to an address that shall not stand in
 * its arguments:
 *
 *     if (web_lead(&web, &lead, err) < 0) ...
 *     ... open web_said(&web, "open_uri")
 */
#ifndef PARALLEL_WEB_CLIENT_H
#define PARALLEL_WEB_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fields.h"

struct web {
    pid_t pid;  /* -1: not running */
    int socket; /* readable when the answer is here, or the program gone */
    struct secret text;
    struct fields said; /* its last block */
};

#define WEB_INIT                                                              \
    {                                                                         \
        -1, -1, SECRET_INIT, FIELDS_INIT                                      \
    }

struct web_request {
    const char *issuer;   /* NULL: not known */
    const char *service;  /* its name, for people */
    const char *redirect; /* NULL, or http://127.0.0.1[:PORT][/PATH] */
    bool iss_required;
    int64_t seconds;
};

/* Start it, and read where it listens. 0, or -1 with FAIL_SERVICE "web". */
int web_start(struct web *web, const struct web_request *request,
              struct error *err);

struct web_lead {
    const char *address;
    const char *service; /* its name, for people */
    int64_t seconds;     /* then it ends */
    bool once;           /* it ends already when a browser has been led */
};

/* Start it to lead a browser of this person to an address, once. Takes little
 * time, whatever it does. 0, or -1 with FAIL_SERVICE "web". */
int web_lead(struct web *web, const struct web_lead *lead, struct error *err);

/* Wait until it has ended; it is gone in any case. */
void web_wait(struct web *web, int64_t limit_ms);

int web_send_address(struct web *web, const char *address, struct error *err);

/* Read a block, which takes no time once socket is readable. */
int web_receive(struct web *web, struct error *err);

/* A value of its last block, or NULL; valid until the next one. */
const char *web_said(const struct web *web, const char *key);

/* Tell the browser the outcome, and wait a moment until the page is there. */
void web_end(struct web *web, bool ok);

/* Whatever it does: it is gone afterwards. */
void web_release(struct web *web);

#endif
