#include "broker/broker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/interactive.h"
#include "broker/key.h"
#include "broker/session.h"
#include "broker/sign_in.h"
#include "lib/base/answer.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/permit.h"

/*
 * Whether a person may be asked: a terminal is there and nobody has
 * forbidden it.
 */
static bool
get_may_ask(void)
{
    const char *prompt = getenv("GIT_TERMINAL_PROMPT");
    cleanup_close int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (tty < 0 || (prompt && strcmp(prompt, "0") == 0))
        return false;
    return interactive_git_allows();
}

/* Whatever led to this record: an address gets what is its own, or nothing. */
static int
get_serve(const struct broker *b, const struct request *request,
          const struct record *record, struct error *err)
{
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    const char *key = broker_key(b, record);
    enum cache_use use = credential_match(&b->credential, record,
                                          request->origin, request->path);
    int result;

    if (use == CACHE_USE_NOTHING)
        return 0;
    if (use == CACHE_USE_KEY && *key)
        result = answer_key(&answer, request, key);
    else
        result = answer_token(&answer, request, secret_text(&record->access),
                              record->expires.real, record->present);
    if (result < 0)
        return error_set(err, FAIL_SERVICE, "output",
                         "the credential cannot be written as an answer");
    return answer.len ? broker_print(&answer, err) : 0;
}

/* Nobody is signed in: a terminal can change that; else git goes on without
 * us. */
static int
get_sign_in(struct broker *b, const struct request *request, struct error *err)
{
    struct record *record;

    if (session_ask_again(b, &record))
        return get_serve(b, request, record, err);
    if (!get_may_ask()) {
        broker_say(b, "%s", err->text);
        return 0;
    }
    if (sign_in(b, true, &record, err) < 0)
        return -1;
    session_settle(b, false);
    return get_serve(b, request, record, err);
}

/* Nobody is signed in for the address: whether it is one of a provider of the
 * configuration, which is the chosen one then. */
static bool
get_choose_provider(struct broker *b, const struct request *request)
{
    struct credential *c = &b->credential;
    const char *usual = c->choice.provider;

    for (size_t i = 0; i < b->config.provider_count; i++) {
        c->choice.provider = b->config.provider[i].settings.name;
        if (credential_match(c, NULL, request->origin, request->path) !=
            CACHE_USE_NOTHING) {
            b->provider = c->choice.provider;
            return true;
        }
    }
    c->choice.provider = usual;
    return false;
}

/* The policy keeps back what there is. A person may be told so; git is not,
 * for it would show it each time. */
static struct record *
get_keep_back(const struct broker *b, enum cache_use *use,
              const struct error *err)
{
    if (!text_starts_with(b->program, "git-credential"))
        broker_say(b, "%s", err->text);
    *use = CACHE_USE_NOTHING;
    return NULL;
}

/* The chosen record, as far as the policy lets it, and whoever asks, through.
 */
static enum credential_result
get_find(struct broker *b, struct record **r, struct error *err)
{
    if (permit_person(&b->config, err) < 0)
        return CREDENTIAL_FAILED;
    return credential_find(&b->credential, r, err);
}

/* The record that has something for the address: the chosen one, else,
 * unless one was named, the first that has. */
static struct record *
get_find_offer(struct broker *b, const struct request *request,
               enum cache_use *use, struct error *err)
{
    struct credential *c = &b->credential;
    struct record *r = NULL, *other;
    bool failed = get_find(b, &r, err) == CREDENTIAL_FAILED;
    size_t at = 0;

    if (failed && !policy_is_cause(err)) {
        /* A keyring that is closed is no matter of other services. */
        if (c->store.unread &&
            credential_match(c, NULL, request->origin, request->path) ==
                CACHE_USE_NOTHING)
            *err = (struct error)ERROR_INIT;
        return NULL;
    }
    *use = credential_match(c, r, request->origin, request->path);
    if (failed && *use != CACHE_USE_NOTHING)
        return get_keep_back(b, use, err);
    if (*use != CACHE_USE_NOTHING || b->org || b->provider)
        return r;
    while ((other = store_next(&c->store, &at))) {
        /* Where nobody is signed in to Parallel, its others do not count. */
        if ((!r && provider_is_builtin(other->provider)) ||
            permit_record(&b->config, other, NULL) < 0)
            continue;
        *use = credential_match(c, other, request->origin, request->path);
        if (*use == CACHE_USE_NOTHING)
            continue;
        if (credential_choose(c, other, err) < 0)
            *use = CACHE_USE_NOTHING;
        return other;
    }
    if (!r && !failed)
        *use = credential_match(c, NULL, request->origin, request->path);
    if (*use == CACHE_USE_NOTHING && !failed && !c->store.unread &&
        get_choose_provider(b, request))
        *use = CACHE_USE_TOKEN;
    return NULL;
}

int
broker_get(struct broker *b, int *status, struct error *err)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    enum cache_use use = CACHE_USE_NOTHING;
    struct request request;
    struct record *record;
    int other;

    (void)status;
    if (request_receive(&block, STDIN_FILENO, err) < 0)
        return -1;
    other = broker_is_other(b, &block, err);
    if (other)
        return other < 0 ? -1 : broker_get_other(b, &block, err);
    if (request_read(&request, &block) < 0)
        return 0;
    if (broker_open(b, err) < 0)
        return -1;
    record = get_find_offer(b, &request, &use, err);
    if (use == CACHE_USE_NOTHING)
        return err->failure == FAIL_SERVICE ? -1 : 0;
    if (use == CACHE_USE_KEY && record && !*broker_key(b, record)) {
        key_ensure(b, false);
        record = get_find_offer(b, &request, &use, err);
    }
    if (use == CACHE_USE_KEY && *broker_key(b, record)) {
        credential_tell_front(&b->credential);
        return get_serve(b, &request, record, err);
    }
    switch (
        credential_token(&b->credential, CREDENTIAL_FRESH, 0, &record, err)) {
    case CREDENTIAL_OK:
        return get_serve(b, &request, record, err);
    case CREDENTIAL_NONE:
    case CREDENTIAL_REFUSED:
        return get_sign_in(b, &request, err);
    case CREDENTIAL_FAILED:
        break;
    }
    return -1;
}
