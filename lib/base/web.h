/*
 * web.h - what the broker and the web program say to each other.
 *
 * Blocks of fields on one socket, which is the web program's standard input,
 * in this order. It makes state and verifier itself. The verifier leaves it
 * only together with the code.
 *
 * The broker: listen
 *   issuer        what "iss" (RFC 9207) has to be, where it is sent; left out
 *                 where nobody knows
 *   iss_required  "1": it has to be sent
 *   service       its name, for the page
 *   redirect      http://127.0.0.1[:PORT][/PATH]: where to listen; left out:
 *                 at a free port, WEB_PATH_STANDARD
 *   seconds       the end of it all, at the latest
 *   lead          instead of the first, second and fourth: no answer is waited
 *                 for, a browser is only led to this address
 *   once          "1", with lead: end when it has been
 * The web program: it listens, on the loopback address alone
 *   redirect_uri  where the answer is waited for
 *   open_uri      leads a browser of this person to the authorization address,
 *                 once, so that nothing confidential stands in its arguments
 *   state code_challenge
 *   trouble       instead of all these: why not
 * With lead only open_uri is said, and this is all.
 * The broker
 *   address       the authorization address
 * The web program: exactly one answer, with the right state
 *   code code_verifier
 *   error error_description     instead of these; visible characters
 * The broker: the browser waits for this
 *   outcome       WEB_OUTCOME_OK, or anything else; then the page is shown,
 *                 and the web program ends
 *
 * Each side ends when the other one is gone.
 */
#ifndef PARALLEL_BASE_WEB_H
#define PARALLEL_BASE_WEB_H

/* Where browsers come back to. */
#define WEB_PATH_STANDARD "/callback"

#define WEB_OUTCOME_OK     "ok"
#define WEB_OUTCOME_FAILED "failed"

/* What it is linked to, for people. */
#define WEB_LIBRARIES "libmicrohttpd, gnutls"

/* An "error" of our own making: the answer was another server's. */
#define WEB_WRONG_ISSUER "wrong_issuer"

/* How long the page may take to get to the browser in the end: ms. */
#define WEB_LINGER_MS 2000

#endif
