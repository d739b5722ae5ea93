#include "lib/oauth/metadata.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#define METADATA_PATH "/.well-known/oauth-authorization-server"

struct metadata_endpoint {
    const char *key;
    size_t offset; /* in struct provider */
};

#define AT(member) offsetof(struct provider, member)

static const struct metadata_endpoint metadata_endpoints[] = {
    {"authorization_endpoint", AT(authorization_endpoint)},
    {"device_authorization_endpoint", AT(device_authorization_endpoint)},
    {"registration_endpoint", AT(registration_endpoint)},
    {"revocation_endpoint", AT(revocation_endpoint)},
    {"token_endpoint", AT(token_endpoint)},
};

#define METADATA_ENDPOINTS                                                    \
    (sizeof metadata_endpoints / sizeof *metadata_endpoints)

int
metadata_url(const char *issuer, char *out)
{
    char origin[URL_ORIGIN_SIZE];
    struct url url;
    size_t len;

    if (url_parse(&url, issuer, NULL) < 0 || strlen(url.path) > URL_TEXT_SIZE)
        return -1;
    url_origin(&url, origin);
    len = strlen(url.path);
    if (len > 0 && url.path[len - 1] == '/')
        len--;
    snprintf(out, METADATA_URL_SIZE, "%s%s%.*s", origin, METADATA_PATH,
             (int)len, url.path);
    return 0;
}

static int
metadata_refuse(const struct provider *p, struct error *err, const char *key,
                const char *what)
{
    char issuer[256];

    return error_set(err, FAIL_SERVICE, "metadata",
                     "the metadata of %s: \"%s\" %s",
                     text_show(issuer, sizeof issuer, p->issuer), key, what);
}

/* What https tells must not lead to what any program of this machine could
 * listen on. */
static bool
metadata_is_endpoint(const struct provider *p, const char *text)
{
    struct url issuer, url;

    return strlen(text) <= METADATA_URL_MAX &&
           url_require_safe(text, "", NULL) == 0 &&
           url_parse(&url, text, NULL) == 0 &&
           url_parse(&issuer, p->issuer, NULL) == 0 &&
           (url.secure || !issuer.secure);
}

static int
metadata_check(const struct provider *p, const struct json *document,
               struct error *err)
{
    const char *issuer = json_text(document, "issuer");

    if (!issuer)
        return metadata_refuse(p, err, "issuer", "is missing");
    if (strcmp(issuer, p->issuer) != 0)
        return metadata_refuse(p, err, "issuer",
                               "names another issuer; it has to be the same "
                               "text as in the configuration");
    for (size_t i = 0; i < METADATA_ENDPOINTS; i++) {
        const char *key = metadata_endpoints[i].key;
        const char *text = json_text(document, key);

        if (!text && json_has(document, key))
            return metadata_refuse(p, err, key, "is no text");
        if (text && !metadata_is_endpoint(p, text))
            return metadata_refuse(p, err, key,
                                   "is not an https:// address that can be "
                                   "used");
    }
    if (!json_text(document, "token_endpoint"))
        return metadata_refuse(p, err, "token_endpoint", "is missing");
    return 0;
}

int
metadata_take(struct provider *p, const struct json *document,
              struct error *err)
{
    char *fresh[METADATA_ENDPOINTS] = {NULL};
    bool failed = false;

    if (metadata_check(p, document, err) < 0)
        return -1;
    for (size_t i = 0; i < METADATA_ENDPOINTS; i++) {
        const char *text = json_text(document, metadata_endpoints[i].key);

        fresh[i] = text ? strdup(text) : NULL;
        failed |= text && !fresh[i];
    }
    for (size_t i = 0; i < METADATA_ENDPOINTS; i++) {
        char **slot =
            (char **)(void *)((char *)p + metadata_endpoints[i].offset);

        if (failed || *slot)
            free(fresh[i]);
        else
            *slot = fresh[i];
    }
    if (failed)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    p->iss_required =
        json_true(document, "authorization_response_iss_parameter_supported");
    return 0;
}

int
metadata_fetch(const struct http_options *http, struct provider *p,
               struct error *err)
{
    CLEANUP(http_response_release)
    struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_json struct json *document = NULL;
    char url[METADATA_URL_SIZE];
    const struct http_request request = {.method = "GET", .url = url};

    if (metadata_url(p->issuer, url) < 0)
        return error_set(err, FAIL_INPUT, "config",
                         "[provider %s]: the issuer is no address", p->name);
    if (http_send(http, &request, &response, err) < 0)
        return error_context(err,
                             "[provider %s] has no token_endpoint, and "
                             "its metadata cannot be had",
                             p->name);
    if (response.status != 200)
        return error_set(err, FAIL_SERVICE, "metadata",
                         "[provider %s] has no token_endpoint, and %s "
                         "answered %d",
                         p->name, url, response.status);
    if (response.body.len > METADATA_MAX)
        return error_set(err, FAIL_SERVICE, "metadata",
                         "%s answered with more than %d bytes", url,
                         METADATA_MAX);
    if (json_parse(secret_text(&response.body), response.body.len, &document,
                   err) < 0)
        return error_context(err, "%s", url);
    return metadata_take(p, document, err);
}
