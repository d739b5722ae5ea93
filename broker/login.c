#include "broker/broker.h"

#include <string.h>

#include "broker/key.h"
#include "broker/session.h"
#include "broker/sign_in.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static int
login_print_json(const struct record *record, const struct error *trouble,
                 struct error *err)
{
    struct json *line = json_new_object();

    if (record) {
        json_put_text(line, "status", "authenticated");
        json_put_text(line, "org_id", record->org_id);
        json_put_text(line, "org_name",
                      *record->org_name ? record->org_name : NULL);
    } else {
        json_put_text(line, "status", "error");
        json_put_text(line, "error", trouble->id);
        json_put_text(line, "message", trouble->text);
    }
    return broker_print_json(line, err);
}

static void
login_say(const struct broker *b, const struct record *record)
{
    const char *name = *record->org_name ? record->org_name : record->org_id;
    char where[512];

    broker_say(b, "signed in to %s%s%s; the credential lies %s",
               provider_title(record->provider), *name ? " for " : "", name,
               store_where(&b->credential.store, record, where, sizeof where));
}

static int
login_run(struct broker *b, struct record **record, struct error *err)
{
    if (b->web && b->device)
        return error_set(err, FAIL_INPUT, "usage",
                         "--web and --device are two ways: choose one");
    return broker_open(b, err) < 0 ? -1 : sign_in(b, false, record, err);
}

/* The person chooses the organization, on the page: --org can only be checked
 * against it afterwards. */
static int
login_check_org(const struct broker *b, const struct record *record,
                struct error *err)
{
    const char *name = *record->org_name ? record->org_name : record->org_id;
    char shown[80];

    if (!b->org || strcmp(record->org_id, b->org) == 0 ||
        strcmp(record->org_name, b->org) == 0)
        return 0;
    return error_set(err, FAIL_AUTH, "other_organization",
                     "signed in for the organization %s, which was approved, "
                     "and not for %s; parallel-credential logout undoes it",
                     *name ? name : "that is not named",
                     text_show(shown, sizeof shown, b->org));
}

int
broker_login(struct broker *b, int *status, struct error *err)
{
    struct error trouble = ERROR_INIT;
    struct record *record = NULL;

    if (login_run(b, &record, &trouble) == 0) {
        b->credential.choice.org = NULL; /* the newest is the selected one */
        if (provider_is_builtin(b->provider)) {
            session_settle(b, false);
            key_ensure(b, true);
        }
        if (credential_find(&b->credential, &record, err) != CREDENTIAL_OK)
            return -1;
        if (login_check_org(b, record, &trouble) == 0) {
            if (b->json)
                return login_print_json(record, NULL, err);
            login_say(b, record);
            return 0;
        }
    }
    if (!b->json) {
        *err = trouble;
        return -1;
    }
    *status = trouble.failure ? (int)trouble.failure : FAIL_SERVICE;
    return login_print_json(NULL, &trouble, err);
}

bool
broker_login_tells(const struct broker *b, char **argv,
                   const struct error *trouble)
{
    struct error ignored = ERROR_INIT;

    while (*argv && strcmp(*argv, "--json") != 0)
        argv++;
    return *argv && b->verb && strcmp(b->verb, "login") == 0 &&
           login_print_json(NULL, trouble, &ignored) == 0;
}
