/*
 * keyring.h - what the broker and the keyring program say to each other.
 *
 * One block a request, one block an answer, on one socket, which is the
 * keyring program's standard input. With a request that writes come the locks
 * that it is written under: they are kept until the outcome is known, even
 * when nobody waits for it any more.
 *
 * Request
 *   verb          load, save or erase
 *   start         "1": the bus may start a Secret Service
 *   bus           path of the bus's socket; missing: as the environment says
 *   issuer organization      save, erase: which item
 *   label secret             save
 *
 * Answer
 *   state         one of the words below
 *   said          the name of the error that the Secret Service answered with
 *   secret[]      load: all that could be read, whatever the state is
 */
#ifndef PARALLEL_BASE_KEYRING_H
#define PARALLEL_BASE_KEYRING_H

/* open, and it can be written to */
#define KEYRING_SAYS_OK "ok"
/* all or a part of it cannot be read or written without a person */
#define KEYRING_SAYS_LOCKED "locked"
/* nobody on the bus offers it, or not any more */
#define KEYRING_SAYS_ABSENT "absent"
/* there is no bus to ask on */
#define KEYRING_SAYS_NO_BUS "no-bus"
/* no answer in time */
#define KEYRING_SAYS_HUNG "hung"
/* an answer, and it was an error; or the bus is another user's */
#define KEYRING_SAYS_REFUSED "refused"
/* a Secret Service without a default keyring to put things into */
#define KEYRING_SAYS_NO_KEYRING "no-keyring"

/* What the keyring program is linked to, for people. */
#define KEYRING_LIBRARIES "libsecret"

/* The longest text of an item. */
#define KEYRING_SECRET_MAX 60000

#endif
