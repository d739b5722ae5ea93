#include "lib/account/balance.h"

#include "lib/base/cleanup.h"

enum account_result
balance_read(const struct account *account, struct balance *balance,
             struct error *err)
{
    CLEANUP(account_reply_release)
    struct account_reply reply = ACCOUNT_REPLY_INIT;
    enum account_result result =
        account_call(account, "GET", "/service/v1/balance", NULL, &reply, err);

    *balance = (struct balance){0, 0, false};
    if (result != ACCOUNT_OK)
        return result;
    if (!json_number(reply.json, "credit_balance_cents",
                     &balance->credit_cents))
        return account_bad_reply(account, "balance", err);
    json_number(reply.json, "pending_debit_balance_cents",
                &balance->pending_cents);
    balance->will_invoice = json_true(reply.json, "will_invoice");
    return ACCOUNT_OK;
}
