#include "lib/oauth/code.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/client.h"
#include "lib/oauth/form.h"

static enum oauth_result
code_fail(struct error *err)
{
    error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return OAUTH_FAILED;
}

static int
code_query(const struct code_request *request, struct secret *query)
{
    const char *scope = request->scope;

    if (form_add(query, "response_type", "code") < 0 ||
        form_add(query, "client_id", request->client_id) < 0 ||
        form_add(query, "redirect_uri", request->redirect_uri) < 0 ||
        (scope && *scope && form_add(query, "scope", scope) < 0) ||
        form_add(query, "state", request->state) < 0)
        return -1;
    if (!request->challenge)
        return 0;
    return form_add(query, "code_challenge", request->challenge) |
           form_add(query, "code_challenge_method", "S256");
}

int
code_address(const struct provider *provider,
             const struct code_request *request, struct secret *address,
             struct error *err)
{
    CLEANUP(secret_release) struct secret query = SECRET_INIT;
    const char *endpoint = provider->authorization_endpoint;
    const char *join;

    if (!endpoint)
        return error_set(err, FAIL_INPUT, "config",
                         "%s has no login in a browser", provider->name);
    join = !strchr(endpoint, '?')                         ? "?"
           : strchr("?&", endpoint[strlen(endpoint) - 1]) ? ""
                                                          : "&";
    if (secret_set(address, endpoint, strlen(endpoint)) < 0 ||
        secret_append_text(address, join) < 0 ||
        code_query(request, &query) != 0 ||
        secret_append_text(address, secret_text(&query)) < 0)
        return code_fail(err), -1;
    if (address->len > CODE_ADDRESS_MAX)
        return error_set(err, FAIL_INPUT, "address",
                         "the address to open would have more than %d "
                         "characters; ask for fewer scopes",
                         CODE_ADDRESS_MAX);
    return 0;
}

static int
code_form(const struct provider *provider, const struct code_grant *grant,
          struct secret *form)
{
    if (form_add(form, "grant_type", "authorization_code") < 0 ||
        client_add(form, provider, grant->client_id) < 0 ||
        form_add(form, "redirect_uri", grant->redirect_uri) < 0 ||
        form_add(form, "code", secret_text(grant->code)) < 0)
        return -1;
    return secret_is_empty(grant->verifier)
               ? 0
               : form_add(form, "code_verifier", secret_text(grant->verifier));
}

enum oauth_result
code_exchange(const struct http_options *http, const struct provider *provider,
              const struct code_grant *grant, struct token *token,
              bool *maybe_done, struct error *err)
{
    CLEANUP(secret_release) struct secret form = SECRET_INIT;
    CLEANUP(oauth_reply_release) struct oauth_reply reply = OAUTH_REPLY_INIT;
    enum oauth_result result;

    *maybe_done = false;
    if (code_form(provider, grant, &form) < 0)
        return code_fail(err);
    result = oauth_post_form(http, provider, grant->client_id,
                             provider->token_endpoint, &form, &reply, err);
    *maybe_done = reply.maybe_done;
    if (result == OAUTH_OK && token_parse(token, reply.json, err) < 0) {
        *maybe_done = true;
        result = OAUTH_FAILED;
    }
    return result;
}
