/*
 * credential_words.c - what the story says to a person who has to do
 * something.
 */
#include "lib/base/text.h"
#include "lib/credential_parts.h"

const char *
credential_option(const char *provider, char *out, size_t size)
{
    *out = '\0';
    if (!provider_is_builtin(provider))
        text_put(out, size, text_put(out, size, 0, " --provider "), provider);
    return out;
}

enum credential_result
credential_signed_out(const struct credential *c, struct error *err)
{
    char org[128] = "", option[CREDENTIAL_OPTION_SIZE];

    text_show(org, sizeof org, c->choice.org);
    error_set(err, FAIL_AUTH, "not_signed_in",
              "not signed in to %s%s%s; run: parallel-credential login%s",
              provider_title(c->choice.provider),
              c->choice.org ? " for the organization " : "", org,
              credential_option(c->choice.provider, option, sizeof option));
    return CREDENTIAL_NONE;
}

enum credential_result
credential_sign_in_again(const struct record *r, struct error *err)
{
    char option[CREDENTIAL_OPTION_SIZE];
    const char *title = provider_title(r->provider);

    credential_option(r->provider, option, sizeof option);
    if (record_is_granted_key(r)) {
        error_set(err, FAIL_AUTH, "not_signed_in",
                  "the sign-in to %s has brought an API key and no access "
                  "token; see: parallel-credential "
                  "token --api-key",
                  title);
        return CREDENTIAL_NONE;
    }
    if (secret_is_empty(&r->access) && secret_is_empty(&r->refresh)) {
        error_set(err, FAIL_AUTH, "not_signed_in",
                  "not signed in to %s (only an API key is stored); "
                  "run: parallel-credential login%s",
                  title, option);
        return CREDENTIAL_NONE;
    }
    error_set(err, FAIL_AUTH, "sign_in_again",
              "the sign-in to %s%s%s has ended and cannot be renewed; "
              "run: parallel-credential login%s",
              title, *r->org_name ? " for " : "", r->org_name, option);
    return CREDENTIAL_REFUSED;
}
