#include "tests/platform/state.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "tests/platform/application.h"
#include "tests/platform/client.h"
#include "tests/platform/clock.h"
#include "tests/platform/code.h"
#include "tests/platform/config.h"
#include "tests/platform/consent.h"
#include "tests/platform/count.h"
#include "tests/platform/gate.h"
#include "tests/platform/key.h"
#include "tests/platform/log.h"
#include "tests/platform/org.h"
#include "tests/platform/token.h"
#include "tests/platform/trouble.h"
#include "tests/platform/value.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool stopping;
static unsigned epoch;

static void
prepare(void)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void
state_lock(void)
{
    pthread_once(&once, prepare);
    pthread_mutex_lock(&mutex);
}

void
state_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

void
state_changed(void)
{
    pthread_cond_broadcast(&condition);
}

bool
state_wait(double deadline)
{
    struct timespec till;

    if (stopping || deadline <= clock_now())
        return false;
    till.tv_sec = (time_t)deadline;
    till.tv_nsec = (long)((deadline - (double)till.tv_sec) * 1e9);
    pthread_cond_timedwait(&condition, &mutex, &till);
    return !stopping;
}

void
state_stop(void)
{
    state_lock();
    stopping = true;
    state_changed();
    state_unlock();
}

unsigned
state_epoch(void)
{
    return epoch;
}

bool
state_is_over(unsigned since)
{
    return stopping || epoch != since;
}

void
state_reset(void)
{
    epoch++;
    trouble_clear();
    clock_reset();
    config_reset();
    code_reset();
    token_reset();
    key_reset();
    client_reset();
    application_reset();
    consent_reset();
    org_reset();
    count_reset();
    log_reset();
    state_changed();
}

struct json_object *
state_describe(void)
{
    struct json_object *out = json_object_new_object();

    count_describe(out);
    value_add(out, "families", token_describe());
    value_add(out, "pending", code_describe());
    value_add(out, "consents", consent_describe());
    value_add(out, "api_keys", key_describe());
    value_add(out, "orgs", org_describe());
    value_add(out, "at_gate", value_number(gate_standing()));
    value_add(out, "troubles", trouble_describe());
    value_add(out, "config", config_describe());
    return out;
}
