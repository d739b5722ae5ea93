/*
 * code.h - the authorization code grant with PKCE (RFC 6749 section 4.1, RFC
 * 7636, RFC 8252).
 *
 * The browser in between is the business of the caller.
 */
#ifndef PARALLEL_OAUTH_CODE_H
#define PARALLEL_OAUTH_CODE_H

#include "lib/oauth/provider.h"
#include "lib/oauth/request.h"
#include "lib/oauth/token.h"

/* The longest address that browsers and servers can be trusted to take, and
 * our own start to lead to: bytes. */
#define CODE_ADDRESS_MAX 8192

struct code_request {
    const char *client_id;
    const char *redirect_uri;
    const char *scope;     /* "" or NULL: left out */
    const char *state;     /* nobody else knows it */
    const char *challenge; /* S256; NULL: without PKCE */
};

/*
 * The address that a person opens to consent (section 4.1.1, RFC 7636 section
 * 4.3), with every parameter escaped; a query that the provider's
 * authorization_endpoint has stays. It is confidential while it is of use,
 * for it has the state. 0, or -1 with err, also for one that is too long.
 */
int code_address(const struct provider *provider,
                 const struct code_request *request, struct secret *address,
                 struct error *err);

/* What came back. */
struct code_grant {
    const char *client_id;
    const char *redirect_uri; /* the same as in the request */
    const struct secret *code;
    const struct secret *verifier; /* empty: without PKCE */
};

/*
 * Exchange the code (section 4.1.3). OAUTH_OK fills token. Never asks twice:
 * a code works once. maybe_done says as in request.h. Neither code nor
 * verifier gets into err, whatever the server says.
 */
enum oauth_result code_exchange(const struct http_options *http,
                                const struct provider *provider,
                                const struct code_grant *grant,
                                struct token *token, bool *maybe_done,
                                struct error *err);

#endif
