/*
 * doctor_tokens.c - the credentials: which client they belong to, how long
 * they last, and whether they can be renewed.
 */
#include "broker/doctor.h"

#include <stdio.h>
#include <string.h>

#define TOKENS_DAY (24 * 3600 * 1000LL)
/* A refresh token that nobody uses lives for seven days, an approval for
 * ninety: when is it time to say so? */
#define TOKENS_REFRESH_SOON  TOKENS_DAY
#define TOKENS_APPROVAL_SOON (7 * TOKENS_DAY)

struct tokens_name {
    char text[400]; /* "Acme at https://..." */
};

static const char *
tokens_name(struct tokens_name *out, const struct record *r)
{
    snprintf(out->text, sizeof out->text, "%s%s%.100s at %.200s",
             provider_is_builtin(r->provider) ? "" : r->provider,
             provider_is_builtin(r->provider) ? "" : ", ",
             *r->org_name ? r->org_name
             : *r->org_id ? r->org_id
                          : "an organization without a name",
             r->issuer);
    return out->text;
}

static void
tokens_advise_login(struct doctor *d, const struct record *r)
{
    bool builtin = provider_is_builtin(r->provider);

    doctor_advise(d, "parallel-credential login%s%s",
                  builtin ? "" : " --provider ", builtin ? "" : r->provider);
}

/* An end that is known: past, near, or far. */
static void
tokens_check_end(struct doctor *d, const struct record *r, const char *id,
                 const char *what, int64_t end, int64_t soon)
{
    struct tokens_name name;
    int64_t left = end - clock_now().real;
    char date[32];

    tokens_name(&name, r);
    broker_date(date, sizeof date, end);
    if (end > 0 && left < soon)
        tokens_advise_login(d, r);
    if (end <= 0)
        doctor_tell(d, DOCTOR_OK, id, "%s: the %s has no end that is known",
                    name.text, what);
    else if (left < 0)
        doctor_tell(d, DOCTOR_WARNING, id,
                    "%s: the %s has ended on %s, by the clock here", name.text,
                    what, date);
    else
        doctor_tell(d, left < soon ? DOCTOR_WARNING : DOCTOR_OK, id,
                    "%s: the %s lasts until %s%s", name.text, what, date,
                    left < soon ? ", which is soon" : "");
}

/* What the last attempt to renew has brought, as the session cache tells. */
static void
tokens_check_renewal(struct doctor *d, const struct record *r)
{
    const struct fields *block = cache_find(&d->b->credential.session.old,
                                            r->provider, r->issuer, r->org_id);
    int64_t failed = block ? fields_number(block, "failed_at") : 0;
    struct tokens_name name;
    char date[32];

    if (failed <= 0)
        return;
    doctor_advise(d,
                  "see the lines about the network, then: "
                  "parallel-credential refresh --org %s",
                  doctor_word(d, r->org_id));
    doctor_tell(d, DOCTOR_WARNING, "token.renewal",
                "%s: the token could not be renewed on %s: %s",
                tokens_name(&name, r), broker_date(date, sizeof date, failed),
                fields_text(block, "failed_text"));
}

static void
tokens_check_access(struct doctor *d, const struct record *r)
{
    bool fresh = record_is_fresh(r, clock_now(), 0);
    bool renewable = !secret_is_empty(&r->refresh);
    struct tokens_name name;

    tokens_name(&name, r);
    if (!fresh && !renewable)
        tokens_advise_login(d, r);
    doctor_tell(d, fresh || renewable ? DOCTOR_OK : DOCTOR_WRONG,
                "token.access", "%s: the access token is %s", name.text,
                fresh       ? "valid"
                : renewable ? "renewed when somebody asks"
                            : "over, and cannot be renewed");
}

/* A sign-in by a person is there. */
static void
tokens_check_record(struct doctor *d, const struct record *r)
{
    struct tokens_name name;

    if (!provider_is_builtin(r->provider) && d->has_config &&
        !config_provider_settings(&d->b->config, r->provider)) {
        doctor_advise(d,
                      "put [provider %s] back, or: parallel-credential "
                      "logout --provider %s",
                      r->provider, r->provider);
        doctor_tell(d, DOCTOR_WARNING, "token.provider",
                    "%s: the configuration has no such provider any more",
                    tokens_name(&name, r));
    }
    if (secret_is_empty(&r->access) && secret_is_empty(&r->refresh)) {
        doctor_tell(d, DOCTOR_OK, "token.access", "%s: an API key alone",
                    tokens_name(&name, r));
        return;
    }
    if (r->refused) {
        tokens_advise_login(d, r);
        doctor_tell(d, DOCTOR_WRONG, "token.refresh",
                    "%s: the service has refused the refresh token",
                    tokens_name(&name, r));
        return;
    }
    tokens_check_access(d, r);
    if (!secret_is_empty(&r->refresh))
        tokens_check_end(d, r, "token.refresh", "refresh token",
                         r->refresh_expires, TOKENS_REFRESH_SOON);
    if (r->authorization_expires > 0)
        tokens_check_end(d, r, "token.approval", "approval",
                         r->authorization_expires, TOKENS_APPROVAL_SOON);
    tokens_check_renewal(d, r);
}

void
doctor_tokens(struct doctor *d)
{
    const struct store *store = &d->b->credential.store;
    const char *issuer = config_issuer(&d->b->config);
    const struct record *r;
    size_t at = 0;

    if (!d->has_store)
        return;
    while ((r = store_next(store, &at)))
        tokens_check_record(d, r);
    if (store->unread ||
        store_find(store, provider_parallel_name, issuer, NULL))
        return;
    doctor_advise(d, "parallel-credential login");
    doctor_tell(d, DOCTOR_WARNING, "token.none", "nobody has signed in at %s",
                d->b->config.platform_url);
}

/*
 * Which client this installation is. Whether the service still knows it
 * cannot be asked: every request that shows a client id also begins a
 * sign-in, or spends a token.
 */
void
doctor_client(struct doctor *d)
{
    const struct config *config = &d->b->config;
    const struct record *r = d->has_store
                                 ? store_find(&d->b->credential.store, NULL,
                                              config->platform_url, NULL)
                                 : NULL;
    const char *stored =
        d->has_store
            ? store_client_id(&d->b->credential.store, config->platform_url)
            : NULL;
    const char *now = config->client_id ? config->client_id : stored;

    if (!now)
        doctor_tell(d, DOCTOR_OK, "client.registration",
                    "this installation is registered at the next sign-in");
    else if (config->client_id && r && *r->client_id &&
             strcmp(r->client_id, config->client_id) != 0) {
        doctor_advise(d, "parallel-credential login");
        doctor_tell(d, DOCTOR_WARNING, "client.registration",
                    "the tokens belong to the client %s, and the "
                    "configuration names %s",
                    r->client_id, config->client_id);
    } else {
        doctor_tell(d, DOCTOR_OK, "client.registration",
                    "this installation is the client %s of %s (%s)", now,
                    config->platform_url,
                    config->client_id ? "configured" : "registered");
    }
}
