#include "tests/platform/serve.h"

#include "tests/platform/control.h"
#include "tests/platform/count.h"
#include "tests/platform/effect.h"
#include "tests/platform/gate.h"
#include "tests/platform/log.h"
#include "tests/platform/reply.h"
#include "tests/platform/route.h"
#include "tests/platform/state.h"
#include "tests/platform/trouble.h"

/* A request on its way. */
struct visit {
    struct request *request;
    const struct route *route;
    enum endpoint endpoint;
    unsigned epoch;
    unsigned long place; /* in the log */
    struct trouble *taken;
    const struct trouble *trouble; /* taken, or what comes after its wait */
};

static void
arrive(struct visit *visit, struct request *request)
{
    visit->request = request;
    visit->route = route_find(request);
    visit->endpoint = route_endpoint(visit->route, request);
    state_lock();
    visit->epoch = state_epoch();
    visit->place = log_begin(request, visit->endpoint);
    visit->taken = trouble_take(visit->endpoint);
    visit->trouble = visit->taken;
    if (endpoint_is_token(visit->endpoint))
        count_token_enter();
    count_request(visit->endpoint);
    state_unlock();
}

/* Waits as the trouble wants; false when the request is to be abandoned. */
static bool
wait_for(const struct visit *visit)
{
    bool pass = true;

    if (visit->trouble->kind == TROUBLE_GATE) {
        state_lock();
        pass = !state_is_over(visit->epoch) && gate_stand();
        state_unlock();
    } else if (visit->trouble->kind == TROUBLE_DELAY) {
        request_is_gone(visit->request, visit->epoch, visit->trouble->ms);
        state_lock();
        pass = !state_is_over(visit->epoch);
        state_unlock();
    }
    return pass;
}

/* Goes through the waits of a trouble to what comes after them. */
static bool
pass_waits(struct visit *visit)
{
    while (visit->trouble && (visit->trouble->kind == TROUBLE_GATE ||
                              visit->trouble->kind == TROUBLE_DELAY)) {
        if (!wait_for(visit))
            return false;
        visit->trouble = visit->trouble->then;
    }
    return true;
}

static void
process(const struct visit *visit, bool pass, struct reply *reply)
{
    state_lock();
    if (pass && visit->request->too_long)
        reply_detail(reply, 413, "The body is too long");
    else if (pass && (!visit->trouble || effect_lets_process(visit->trouble)))
        visit->route->handle(visit->request, reply);
    if (endpoint_is_token(visit->endpoint))
        count_token_leave();
    state_unlock();
}

static void
leave(const struct visit *visit, unsigned status)
{
    state_lock();
    log_end(visit->place, status);
    state_unlock();
    trouble_release(visit->taken);
}

enum MHD_Result
serve(struct request *request)
{
    struct visit visit;
    struct reply reply = {0};
    enum MHD_Result result = MHD_NO;
    unsigned status = 0;
    bool pass;

    if (request->port == PORT_CONTROL)
        return control_serve(request);
    arrive(&visit, request);
    pass = pass_waits(&visit);
    process(&visit, pass, &reply);
    if (!pass) {
        request_reset(request);
    } else if (visit.trouble) {
        result =
            effect_send(visit.trouble, request, visit.epoch, &reply, &status);
    } else {
        result = reply_send(&reply, request);
        status = reply.status;
    }
    leave(&visit, status);
    reply_release(&reply);
    return result;
}
