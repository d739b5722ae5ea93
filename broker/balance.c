#include "broker/broker.h"

#include <stdio.h>

#include "lib/account/balance.h"

static enum account_result
balance_ask(void *context, const struct account *account, struct error *err)
{
    return balance_read(account, context, err);
}

/* Cents as an amount: "-12.05". */
static void
balance_print(const char *label, int64_t cents)
{
    long long shown = cents < 0 ? -cents : cents;

    printf("%-8s %s$%lld.%02lld\n", label, cents < 0 ? "-" : "", shown / 100,
           shown % 100);
}

int
broker_balance(struct broker *b, int *status, struct error *err)
{
    struct balance balance;
    struct json *line;

    (void)status;
    if (broker_open(b, err) < 0 ||
        credential_call(&b->credential, balance_ask, &balance, err) !=
            CREDENTIAL_OK)
        return -1;
    if (b->json) {
        line = json_new_object();
        json_put_number(line, "credit_balance_cents", balance.credit_cents);
        json_put_number(line, "pending_debit_balance_cents",
                        balance.pending_cents);
        json_put_bool(line, "will_invoice", balance.will_invoice);
        return broker_print_json(line, err);
    }
    balance_print("credit", balance.credit_cents);
    balance_print("pending", balance.pending_cents);
    if (balance.will_invoice)
        printf("what exceeds the credit is invoiced\n");
    return broker_flush(err);
}
