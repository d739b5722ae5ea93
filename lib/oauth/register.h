/*
 * register.h - a client id for this installation.
 */
#ifndef PARALLEL_OAUTH_REGISTER_H
#define PARALLEL_OAUTH_REGISTER_H

#include "lib/oauth/provider.h"
#include "lib/oauth/request.h"

/*
 * Register at the provider: POST JSON {"client_name": "parallel-credential",
 * "platform": {...}} with the fields machine, os_name, release, system and
 * version of uname(2); empty ones are left out, and the node's name is never
 * sent. Or, where the provider says so, as RFC 7591 has it, for a public
 * client. *client_id is owned by the caller: 1 to 256 visible ASCII
 * characters. OAUTH_OK, or OAUTH_FAILED/OAUTH_REFUSED with err.
 */
enum oauth_result register_client(const struct http_options *http,
                                  const struct provider *provider,
                                  char **client_id, struct error *err);

/*
 * Register a redirect address for one login, to the letter: as RFC 7591 has it
 * for a public client of the code grant, or POST JSON {"redirect_uris": [...]}
 * (REGISTRATION_PARALLEL_REDIRECT). A new one each time, for not every server
 * passes over the port, as RFC 8252 (7.3) wants it. Results as above.
 */
enum oauth_result register_redirect(const struct http_options *http,
                                    const struct provider *provider,
                                    const char *redirect_uri, char **client_id,
                                    struct error *err);

#endif
