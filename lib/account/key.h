/*
 * key.h - API keys, which belong to an app.
 */
#ifndef PARALLEL_ACCOUNT_KEY_H
#define PARALLEL_ACCOUNT_KEY_H

#include <stdbool.h>

#include "lib/account/call.h"

struct key {
    char *id;
    char *app_id;
    char *name;
    struct secret raw; /* the key itself: it is sent this once only */
};

#define KEY_INIT                                                              \
    {                                                                         \
        NULL, NULL, NULL, SECRET_INIT                                         \
    }

/*
 * Make a key of an app. maybe_done: the answer was lost or of no use, and
 * there may be a key of that name now whose value nobody has.
 */
enum account_result key_create(const struct account *account,
                               const char *app_id, const char *name,
                               struct key *key, bool *maybe_done,
                               struct error *err);

enum account_result key_delete(const struct account *account,
                               const char *app_id, const char *id,
                               struct error *err);

void key_release(struct key *key);

#endif
