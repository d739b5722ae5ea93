/*
 * credential_log.c - what the story tells the system's log, and what becomes
 * of an approval that the policy does not allow.
 */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/journal.h"
#include "lib/base/text.h"
#include "lib/credential_parts.h"
#include "lib/oauth/revoke.h"
#include "lib/permit.h"

void
credential_log(enum journal_event event, const struct record *r,
               const struct error *why)
{
    const struct journal_entry entry = {.event = event,
                                        .provider = r->provider,
                                        .issuer = r->issuer,
                                        .org = r->org_id,
                                        .org_name = r->org_name,
                                        .reason = why ? why->id : NULL,
                                        .detail = why ? why->text : NULL};

    journal_note(&entry);
}

void
credential_log_trouble(const struct credential *c, const char *issuer,
                       const struct error *why)
{
    const struct journal_entry entry = {
        .event = why->failure == FAIL_AUTH ? JOURNAL_REFUSED : JOURNAL_FAILED,
        .provider = c->choice.provider,
        .issuer = issuer,
        .org = c->choice.org,
        .reason = why->id,
        .detail = why->text};

    /* Whoever gave up knows it; an organization has had its line. */
    if (why->failure != FAIL_INTERRUPTED &&
        strcmp(why->id, POLICY_ORGANIZATION) != 0)
        journal_note(&entry);
}

/* Nobody shall have what was granted. */
static void
approval_give_back(struct credential *c, const struct provider *provider,
                   const char *client_id, const struct token *token,
                   struct error *err)
{
    struct error trouble = ERROR_INIT;
    size_t used = strlen(err->text);
    const char *what = "nothing was kept, and the approval was given back";

    if (provider->grants_key)
        what = "nothing was kept; the API key cannot be deleted from here: if "
               "it was made for this, delete it on the service's web page";
    else if (!secret_is_empty(&token->refresh) &&
             revoke_refresh_token(&c->http, provider, client_id,
                                  &token->refresh, &trouble) != OAUTH_OK)
        what = "nothing was kept, but the approval could not be given back: "
               "end it on the service's web page";
    used = text_put(err->text, sizeof err->text, used, "; ");
    used = text_put(err->text, sizeof err->text, used, what);
    if (trouble.text[0]) {
        used = text_put(err->text, sizeof err->text, used, " (");
        used = text_put(err->text, sizeof err->text, used, trouble.text);
        text_put(err->text, sizeof err->text, used, ")");
    }
}

int
credential_check_approval(struct credential *c,
                          const struct provider *provider,
                          const char *client_id, const struct token *token,
                          struct error *err)
{
    struct journal_entry entry = {.event = JOURNAL_REFUSED,
                                  .provider = provider->name,
                                  .issuer = provider->issuer,
                                  .org = token->org_id,
                                  .org_name = token->org_name,
                                  .reason = POLICY_ORGANIZATION};
    const struct provider_kept kept = provider_keep(provider);

    if (permit_organization(c->config, &kept, token->org_id, token->org_name,
                            err) == 0)
        return 0;
    approval_give_back(c, provider, client_id, token, err);
    entry.detail = err->text;
    journal_note(&entry);
    return -1;
}
