/*
 * event.h - what a starting session is told: blocks on a pipe.
 *
 * The front (as the person) writes them, the PAM module (as root) reads them.
 * What they say is the person's word: the reader believes nothing that could
 * refuse a login.
 *
 *   event=environment   PARALLEL_NAME=value lines
 *   event=authorize     verification_uri, verification_uri_complete,
 *                       user_code, expires_in (s), qr[] lines of a picture
 *   event=message       text[] lines to show
 *   event=error         text, for the log
 *   event=done          the login may go on
 *
 * The pipe stays open on both sides as long as the session lives: a broker
 * that polls in the background sees that its reader has gone, and ends.
 */
#ifndef PARALLEL_BASE_EVENT_H
#define PARALLEL_BASE_EVENT_H

#define EVENT_ENVIRONMENT "environment"
#define EVENT_AUTHORIZE   "authorize"
#define EVENT_MESSAGE     "message"
#define EVENT_ERROR       "error"
#define EVENT_DONE        "done"

/* The only names of an environment that are taken over begin with this. */
#define EVENT_NAME_PREFIX "PARALLEL_"

#endif
