#include "lib/oauth/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"
#include "lib/oauth/client.h"
#include "lib/oauth/form.h"

#define OAUTH_HOST_SIZE URL_ORIGIN_SIZE

/* RFC 6749 section 5.2 and RFC 8628 section 3.5. */
static const struct {
    const char *code;
    enum oauth_result result;
} oauth_codes[] = {
    {"authorization_pending", OAUTH_PENDING},
    {"slow_down", OAUTH_SLOW_DOWN},
    {"access_denied", OAUTH_DENIED},
    {"expired_token", OAUTH_EXPIRED},
    {"invalid_grant", OAUTH_INVALID_GRANT},
    {"invalid_client", OAUTH_INVALID_CLIENT},
    {"unauthorized_client", OAUTH_INVALID_CLIENT},
    {"invalid_request", OAUTH_REFUSED},
    {"invalid_scope", OAUTH_REFUSED},
    {"unsupported_grant_type", OAUTH_REFUSED},
    /* Said by a server that is in trouble (RFC 6749 section 4.1.2.1). */
    {"server_error", OAUTH_FAILED},
    {"temporarily_unavailable", OAUTH_FAILED},
};

void
oauth_reply_release(struct oauth_reply *reply)
{
    if (!reply)
        return;
    json_free(reply->json);
    *reply = (struct oauth_reply)OAUTH_REPLY_INIT;
}

/* "host" or "host:port" of url, for messages. */
static void
oauth_host(const char *url_text, char *host)
{
    char origin[URL_ORIGIN_SIZE];
    struct url url;

    snprintf(host, OAUTH_HOST_SIZE, "the server");
    if (url_parse(&url, url_text, NULL) < 0)
        return;
    url_origin(&url, origin);
    snprintf(host, OAUTH_HOST_SIZE, "%s", strstr(origin, "//") + 2);
}

static bool
oauth_is_trouble(int status)
{
    return status == 429 || status >= 500;
}

/* What the reply says, by its status and its "error". */
static enum oauth_result
oauth_judge(int status, const char *code)
{
    for (size_t i = 0; i < sizeof oauth_codes / sizeof *oauth_codes; i++)
        if (strcmp(code, oauth_codes[i].code) == 0)
            return oauth_codes[i].result;
    /* {"error":"Internal Server Error"} is not OAuth's. */
    return oauth_is_trouble(status) ? OAUTH_FAILED : OAUTH_REFUSED;
}

static int
oauth_hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The value at the start of form, up to its '&', as it was before
 * form_add() encoded it. */
static int
oauth_form_value(const char *form, struct secret *value)
{
    size_t len = strcspn(form, "&");

    value->len = 0;
    if (secret_reserve(value, len) < 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        char c = form[i] == '+' ? ' ' : form[i];
        if (c == '%' && i + 2 < len) {
            c = (char)(oauth_hex(form[i + 1]) << 4 | oauth_hex(form[i + 2]));
            i += 2;
        }
        secret_append(value, &c, 1);
    }
    return 0;
}

/*
 * Whether text repeats the start of something confidential that was sent in
 * form. A server that says "unknown refresh token abc..." must not bring it
 * into a message.
 */
static bool
oauth_repeats(const struct secret *form, const char *text)
{
    static const char *const harmless[] = {
        "grant_type=", "client_id=", "redirect_uri=", "scope="};
    CLEANUP(secret_release) struct secret value = SECRET_INIT;
    const char *field = secret_text(form), *next;

    for (; field; field = next ? next + 1 : NULL) {
        bool skip = false;

        next = strchr(field, '&');
        for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
            skip = skip || text_starts_with(field, harmless[i]);
        if (skip)
            continue;
        if (oauth_form_value(field + strcspn(field, "=&") + 1, &value) < 0)
            return true;
        if (value.len > 8)
            secret_wipe(value.data + 8, value.len - 8);
        if (value.len > 0 && strstr(text, value.data))
            return true;
    }
    return false;
}

/* " (what the server says)", cleaned, or "". */
static void
oauth_describe(const struct json *json, const struct secret *form, char *out,
               size_t size)
{
    const char *text = json_text(json, "error_description");
    char shown[200];

    out[0] = '\0';
    if (!text || !*text || (form && oauth_repeats(form, text)))
        return;
    text_show(shown, sizeof shown, text);
    snprintf(out, size, " (%s)", shown);
}

static enum oauth_result
oauth_take_error(const char *url, const struct secret *form, const char *code,
                 struct oauth_reply *reply, struct error *err)
{
    enum oauth_result result = oauth_judge(reply->status, code);
    char host[OAUTH_HOST_SIZE], why[256], id[32];

    text_show(reply->code, sizeof reply->code,
              form && oauth_repeats(form, code) ? "error" : code);
    if (result == OAUTH_FAILED)
        return OAUTH_FAILED;
    oauth_host(url, host);
    oauth_describe(reply->json, form, why, sizeof why);
    text_show(id, sizeof id, reply->code);
    error_set(err, FAIL_AUTH, id, "%s refused: %s%s", host, reply->code, why);
    return result;
}

/* What a body that is of no use looks like, for the message. */
static const char *
oauth_body_kind(const struct http_response *response)
{
    const char *text = secret_text(&response->body);

    text += strspn(text, " \t\r\n");
    return *text == '<' ? " with HTML, not JSON"
                        : " with a body that is not "
                          "JSON";
}

static enum oauth_result
oauth_take_trouble(const char *url, const struct http_response *response,
                   struct oauth_reply *reply, struct error *err)
{
    int status = reply->status;
    bool good = status >= 200 && status < 300;
    const char *kind = secret_is_empty(&response->body) ? " with nothing"
                       : reply->json                    ? ""
                                     : oauth_body_kind(response);
    char host[OAUTH_HOST_SIZE], code[80] = "";

    oauth_host(url, host);
    if (reply->code[0])
        snprintf(code, sizeof code, ": %s", reply->code);
    reply->maybe_done = good || (status >= 500 && status != 501 &&
                                 status != 503 && status != 505);
    if (status == 429)
        error_set(err, FAIL_SERVICE, "rate_limit",
                  "%s answered 429: too many requests; try again later", host);
    else if (good)
        error_set(err, FAIL_SERVICE, "reply", "%s answered %d%s%s%s", host,
                  status, kind, code,
                  strstr(kind, "HTML") ? ": is a proxy or a login page in "
                                         "between?"
                                       : "");
    else if (status >= 500 && !*code && !strstr(kind, "HTML"))
        error_set(err, FAIL_SERVICE, "status",
                  "%s answered %d: the service has trouble; try again later",
                  host, status);
    else
        error_set(err, FAIL_SERVICE, "status", "%s answered %d%s%s%s", host,
                  status, status / 100 == 3 ? " (a redirect)" : "", kind,
                  code);
    return OAUTH_FAILED;
}

static enum oauth_result
oauth_take_reply(const char *url, const struct secret *form,
                 const struct http_response *response,
                 struct oauth_reply *reply, struct error *err)
{
    bool good = response->status >= 200 && response->status < 300;
    enum oauth_result result = OAUTH_FAILED;
    const char *code;

    reply->status = response->status;
    reply->retry_after_s = response->retry_after_s;
    if (json_parse(secret_text(&response->body), response->body.len,
                   &reply->json, NULL) < 0)
        reply->json = NULL;
    code = json_text(reply->json, "error");
    if (code && !*code)
        code = NULL;
    if (good && reply->json && !code)
        return OAUTH_OK;
    if (code && (good || response->status >= 400))
        result = oauth_take_error(url, form, code, reply, err);
    return result == OAUTH_FAILED
               ? oauth_take_trouble(url, response, reply, err)
               : result;
}

static void
oauth_response_release(struct http_response *response)
{
    http_response_release(response);
}

/* request, whose confidential words are those of said. */
static enum oauth_result
oauth_send(const struct http_options *http, const struct http_request *request,
           const struct secret *said, struct oauth_reply *reply,
           struct error *err)
{
    CLEANUP(oauth_response_release)
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error own = ERROR_INIT;

    if (!err)
        err = &own;
    oauth_reply_release(reply);
    if (http_send(http, request, &response, err) == 0)
        return oauth_take_reply(request->url, said, &response, reply, err);
    reply->maybe_done = strcmp(err->id, "lost") == 0;
    reply->timed_out = response.timed_out;
    return OAUTH_FAILED;
}

enum oauth_result
oauth_post(const struct http_options *http, const char *url,
           const char *content_type, const struct secret *body,
           struct oauth_reply *reply, struct error *err)
{
    const struct http_request request = {.method = "POST",
                                         .url = url,
                                         .content_type = content_type,
                                         .body = body};

    return oauth_send(http, &request, NULL, reply, err);
}

enum oauth_result
oauth_post_form(const struct http_options *http,
                const struct provider *provider, const char *client_id,
                const char *url, const struct secret *form,
                struct oauth_reply *reply, struct error *err)
{
    CLEANUP(client_basic_release)
    struct client_basic basic = CLIENT_BASIC_INIT;
    CLEANUP(secret_release) struct secret said = SECRET_INIT;
    struct http_request request = {.method = "POST",
                                   .url = url,
                                   .content_type =
                                       "application/x-www-form-urlencoded",
                                   .body = form};

    if ((provider && client_basic_init(&basic, provider, client_id) < 0) ||
        secret_append(&said, secret_text(form), form->len) < 0 ||
        (provider && form_add(&said, "client_secret",
                              secret_text(&provider->client_secret)) < 0)) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return OAUTH_FAILED;
    }
    if (!secret_is_empty(&basic.user)) {
        request.basic_user = secret_text(&basic.user);
        request.basic_password = &basic.password;
    }
    return oauth_send(http, &request, &said, reply, err);
}
