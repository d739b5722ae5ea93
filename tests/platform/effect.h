/*
 * Troubles acted out on a connection. None of this wants the lock of state.h.
 */
#ifndef PLATFORM_EFFECT_H
#define PLATFORM_EFFECT_H

#include <stdbool.h>

#include "tests/platform/reply.h"
#include "tests/platform/request.h"
#include "tests/platform/trouble.h"

/* Whether the request is processed as always, though trouble strikes. */
bool effect_lets_process(const struct trouble *trouble);

/*
 * Ends the request with this trouble. reply is what processing it gave, or
 * empty when the trouble does not let it be processed. Returns what the
 * library wants to hear; status gets what was answered, 0 if nothing was.
 */
enum MHD_Result effect_send(const struct trouble *trouble,
                            const struct request *request, unsigned epoch,
                            const struct reply *reply, unsigned *status);

#endif
