/*
 * balance.h - what an organization has left to spend.
 */
#ifndef PARALLEL_ACCOUNT_BALANCE_H
#define PARALLEL_ACCOUNT_BALANCE_H

#include <stdint.h>

#include "lib/account/call.h"

struct balance {
    int64_t credit_cents; /* fractions are cut off */
    int64_t pending_cents;
    bool will_invoice;
};

enum account_result balance_read(const struct account *account,
                                 struct balance *balance, struct error *err);

#endif
