/*
 * Device codes and the user codes that go with them (RFC 8628). A device code
 * is bound to a client, works once, and may be polled no sooner than its
 * interval. See state.h for the lock.
 */
#ifndef PLATFORM_CODE_H
#define PLATFORM_CODE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "tests/platform/pick.h"
#include "tests/platform/secret.h"
#include "tests/platform/stub.h"

enum code_state {
    CODE_PENDING,
    CODE_APPROVED,
    CODE_DENIED,
    CODE_EXPIRED,
    CODE_USED
};

struct code {
    char user_code[USER_CODE];
    char digest[DIGEST_LENGTH]; /* of the device code */
    char *client_id;
    char *scope;
    bool for_key; /* it brings an API key, and no tokens */
    struct pick pick;
    char *org_id; /* set when it is approved */
    enum code_state state;
    double born;
    double ends;
    double interval;
    double answered; /* when the last poll was; negative: never */
    unsigned long polls;
    struct stubs stubs; /* of its page */
    struct code *next;  /* older */
};

enum code_poll {
    CODE_POLL_GRANTED, /* the code is now used */
    CODE_POLL_PENDING,
    CODE_POLL_SLOW_DOWN,
    CODE_POLL_DENIED,
    CODE_POLL_EXPIRED,
    CODE_POLL_INVALID
};

/*
 * Makes a code for the configured lifetime, for tokens or for an API key;
 * writes the device code.
 */
struct code *code_new(const char *client_id, const char *scope, bool for_key,
                      char device_code[SECRET_LENGTH]);

/* The code with that device code, or NULL. */
struct code *code_by_device_code(const char *device_code);

/*
 * The code a person typed, in whatever case, with or without the hyphen, or
 * NULL. "any" is the newest that waits for a person.
 */
struct code *code_by_user_code(const char *typed);

/* What state it is in now: time passes, and codes may approve themselves. */
enum code_state code_state(struct code *code);

/* The name of a state: "pending", … */
const char *code_state_name(enum code_state state);

/* The person decides; false when the code does not wait for that. */
bool code_approve(struct code *code, const char *org_id);
bool code_deny(struct code *code);

/* Ends the code now. */
void code_expire(struct code *code);

/*
 * The client asks (RFC 8628, section 3.4). A poll that comes more than 100 ms
 * too soon makes the interval 5 seconds longer, for good.
 */
enum code_poll code_poll(struct code *code);

struct json_object *code_describe(void);

void code_reset(void);

#endif
