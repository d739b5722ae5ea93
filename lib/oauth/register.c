#include "lib/oauth/register.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/base/cleanup.h"

#define REGISTER_ID_MAX 256

static void
register_put(struct json *platform, const char *key, const char *text)
{
    if (*text)
        json_put_text(platform, key, text);
}

/* RFC 7591 section 2: a public client, for the device grant, or with a
 * redirect address for that of a code. */
static int
register_rfc7591_body(const struct provider *provider,
                      const char *redirect_uri, struct secret *body)
{
    cleanup_json struct json *json = json_new_object();
    struct json *grants = json_put_array(json, "grant_types");
    struct json *responses = json_put_array(json, "response_types");

    json_append_text(
        grants, redirect_uri ? "authorization_code"
                             : "urn:ietf:params:oauth:grant-type:device_code");
    json_append_text(grants, "refresh_token");
    if (redirect_uri)
        json_append_text(responses, "code");
    json_append_text(json_put_array(json, "redirect_uris"),
                     redirect_uri ? redirect_uri : "http://127.0.0.1/");
    json_put_text(json, "token_endpoint_auth_method", "none");
    json_put_text(json, "application_type", "native");
    json_put_text(json, "client_name", "parallel-credential");
    if (*provider->scopes)
        json_put_text(json, "scope", provider->scopes);
    return json_write(json, false, body);
}

static int
register_body(struct secret *body)
{
    cleanup_json struct json *json = json_new_object();
    struct json *platform = json_put_object(json, "platform");
    struct utsname name;

    json_put_text(json, "client_name", "parallel-credential");
    if (uname(&name) == 0) {
        register_put(platform, "machine", name.machine);
        register_put(platform, "os_name", "posix");
        register_put(platform, "release", name.release);
        register_put(platform, "system", name.sysname);
        register_put(platform, "version", name.version);
    }
    return json_write(json, false, body);
}

static enum oauth_result
register_take(const struct json *reply, char **client_id, struct error *err)
{
    const char *id = json_text(reply, "client_id");
    const char *method = json_text(reply, "token_endpoint_auth_method");
    size_t len = id ? strlen(id) : 0;
    char *copy;

    if (method && strcmp(method, "none") != 0) {
        error_set(err, FAIL_SERVICE, "reply",
                  "the registration server gives an id only with a secret; "
                  "register by hand and set client_id");
        return OAUTH_FAILED;
    }
    for (size_t i = 0; i < len; i++)
        if (id[i] <= ' ' || id[i] >= 0x7f)
            len = 0;
    if (len == 0 || len > REGISTER_ID_MAX) {
        error_set(err, FAIL_SERVICE, "reply",
                  "the registration server sent no usable \"client_id\"");
        return OAUTH_FAILED;
    }
    copy = strdup(id);
    if (!copy) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    *client_id = copy;
    return OAUTH_OK;
}

static enum oauth_result
register_post(const struct http_options *http, const struct provider *provider,
              const struct secret *body, char **client_id, struct error *err)
{
    CLEANUP(oauth_reply_release) struct oauth_reply reply = OAUTH_REPLY_INIT;
    enum oauth_result result =
        oauth_post(http, provider->registration_endpoint, "application/json",
                   body, &reply, err);

    if (result == OAUTH_OK)
        return register_take(reply.json, client_id, err);
    return result == OAUTH_FAILED ? OAUTH_FAILED : OAUTH_REFUSED;
}

enum oauth_result
register_client(const struct http_options *http,
                const struct provider *provider, char **client_id,
                struct error *err)
{
    CLEANUP(secret_release) struct secret body = SECRET_INIT;

    if (provider->registration == REGISTRATION_NONE ||
        provider->registration == REGISTRATION_PARALLEL_REDIRECT ||
        !provider->registration_endpoint) {
        error_set(err, FAIL_INPUT, "config",
                  "%s registers nobody by itself; set client_id",
                  provider->name);
        return OAUTH_FAILED;
    }
    if ((provider->registration == REGISTRATION_RFC7591
             ? register_rfc7591_body(provider, NULL, &body)
             : register_body(&body)) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    return register_post(http, provider, &body, client_id, err);
}

static int
register_redirect_body(const char *redirect_uri, struct secret *body)
{
    cleanup_json struct json *json = json_new_object();
    struct json *list = json_put_array(json, "redirect_uris");

    json_append_text(list, redirect_uri);
    return json_write(json, false, body);
}

enum oauth_result
register_redirect(const struct http_options *http,
                  const struct provider *provider, const char *redirect_uri,
                  char **client_id, struct error *err)
{
    CLEANUP(secret_release) struct secret body = SECRET_INIT;
    bool plain = provider->registration == REGISTRATION_PARALLEL_REDIRECT;

    if ((!plain && provider->registration != REGISTRATION_RFC7591) ||
        !provider->registration_endpoint) {
        error_set(err, FAIL_INPUT, "config",
                  "%s registers no redirect addresses; set client_id",
                  provider->name);
        return OAUTH_FAILED;
    }
    if ((plain ? register_redirect_body(redirect_uri, &body)
               : register_rfc7591_body(provider, redirect_uri, &body)) < 0) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    return register_post(http, provider, &body, client_id, err);
}
