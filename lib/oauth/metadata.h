/*
 * metadata.h - what an authorization server tells of itself (RFC 8414).
 */
#ifndef PARALLEL_OAUTH_METADATA_H
#define PARALLEL_OAUTH_METADATA_H

#include "lib/base/error.h"
#include "lib/oauth/provider.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"

#define METADATA_MAX      (128 * 1024) /* bytes of the document */
#define METADATA_URL_MAX  1024         /* bytes of an endpoint */
#define METADATA_URL_SIZE 2304

/*
 * Where the document of issuer lies: "/.well-known/oauth-authorization-server"
 * between its host and its path, which loses the slash at its end (section 3).
 * out holds METADATA_URL_SIZE bytes. 0, or -1 when issuer is no address.
 */
int metadata_url(const char *issuer, char *out);

/*
 * Put the endpoints of a document into provider, where they are not set: what
 * was configured stays. The document has to be about provider->issuer, to the
 * letter; its endpoints https, or http to this machine itself if the issuer
 * is so too. 0; or -1 with FAIL_SERVICE "metadata" that names what is wrong,
 * provider being unchanged.
 */
int metadata_take(struct provider *provider, const struct json *document,
                  struct error *err);

/* Fetch the document of provider->issuer, and take it. -1 also with the ids
 * of http.h. */
int metadata_fetch(const struct http_options *http, struct provider *provider,
                   struct error *err);

#endif
