#include "lib/account/call.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#define ACCOUNT_ID_MAX 64

void
account_reply_release(struct account_reply *reply)
{
    json_free(reply->json);
    *reply = (struct account_reply)ACCOUNT_REPLY_INIT;
}

bool
account_is_id(const char *id)
{
    size_t len = id ? strlen(id) : 0;

    return len > 0 && len <= ACCOUNT_ID_MAX &&
           strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == len;
}

/* "host" or "host:port", for messages. */
static const char *
account_host(const struct account *account, char origin[URL_ORIGIN_SIZE])
{
    struct url url;

    if (url_parse(&url, account->service_url, NULL) < 0)
        return "the service";
    url_origin(&url, origin);
    return strstr(origin, "//") + 2;
}

enum account_result
account_bad_reply(const struct account *account, const char *what,
                  struct error *err)
{
    char origin[URL_ORIGIN_SIZE];

    error_set(err, FAIL_SERVICE, "reply", "%s sent no usable %s",
              account_host(account, origin), what);
    return ACCOUNT_FAILED;
}

/* Whether a text holds the start of the token that was sent. */
static bool
account_repeats(const struct account *account, const char *text)
{
    char start[12];
    bool found;

    snprintf(start, sizeof start, "%s", secret_text(account->bearer));
    found = *start && strstr(text, start);
    secret_wipe(start, sizeof start);
    return found;
}

/* What the service says: {"detail": TEXT} or {"detail": [{"loc", "msg"}]},
 * or the envelope of the data API. */
static void
account_describe(const struct account *account, const struct json *json,
                 char *out, size_t size)
{
    const struct json *first = json_element(json_array_at(json, "detail"), 0);
    const struct json *loc = json_array_at(first, "loc");
    const char *where =
        json_size(loc) ? json_element_text(loc, json_size(loc) - 1) : NULL;
    const char *text = json_text(json, "detail");
    char shown[160], place[64];

    if (!text)
        text = json_text(first, "msg");
    if (!text)
        text = json_text(json_object_at(json, "error"), "message");
    out[0] = '\0';
    if (!text || !*text)
        return;
    if (account_repeats(account, text))
        return;
    text_show(shown, sizeof shown, text);
    text_show(place, sizeof place, where);
    snprintf(out, size, ": %s%s%s", place, *place ? ": " : "", shown);
}

/* A 4xx that is the service's word on what was asked. */
static enum account_result
account_take_refusal(const struct account *account, int status,
                     const struct json *json, struct error *err)
{
    char origin[URL_ORIGIN_SIZE], why[256], scope[64];
    const char *host = account_host(account, origin);
    const char *missing = json_text(json, "scope");

    account_describe(account, json, why, sizeof why);
    text_show(scope, sizeof scope, missing);
    switch (status) {
    case 401:
        error_set(err, FAIL_AUTH, "invalid_token",
                  "%s does not accept the access token%s", host, why);
        return ACCOUNT_UNAUTHORIZED;
    case 403:
        error_set(err, FAIL_AUTH, "insufficient_scope", "%s refused%s%s%s%s",
                  host, why, *scope ? " (it takes the scope " : "", scope,
                  *scope ? "; sign in with --scope, or set scopes)" : "");
        return ACCOUNT_REFUSED;
    case 404:
        error_set(err, FAIL_INPUT, "not_found", "%s: not there%s", host, why);
        return ACCOUNT_MISSING;
    default:
        error_set(err, status == 422 ? FAIL_INPUT : FAIL_AUTH, "invalid",
                  "%s answered %d%s", host, status, why);
        return ACCOUNT_REFUSED;
    }
}

static enum account_result
account_take_trouble(const struct account *account,
                     const struct http_response *response,
                     struct account_reply *reply, struct error *err)
{
    int status = response->status;
    char origin[URL_ORIGIN_SIZE];
    const char *host = account_host(account, origin);

    reply->maybe_done =
        (status >= 200 && status < 300) ||
        (status >= 500 && status != 501 && status != 503 && status != 505);
    if (status == 429)
        error_set(err, FAIL_SERVICE, "rate_limit",
                  "%s answered 429: too many requests; try again later", host);
    else
        error_set(err, FAIL_SERVICE, status / 100 == 2 ? "reply" : "status",
                  "%s answered %d%s", host, status,
                  status >= 500 ? ": the service has trouble; try again later"
                  : status / 100 == 3 ? " (a redirect)"
                  : status / 100 == 2 ? " with a body that is not JSON"
                                      : "");
    return ACCOUNT_FAILED;
}

static enum account_result
account_take(const struct account *account, bool wants_body,
             const struct http_response *response, struct account_reply *reply,
             struct error *err)
{
    int status = response->status;

    if (json_parse(secret_text(&response->body), response->body.len,
                   &reply->json, NULL) < 0)
        reply->json = NULL;
    if (status >= 200 && status < 300 && (reply->json || !wants_body))
        return ACCOUNT_OK;
    if (status >= 400 && status < 500 && status != 429)
        return account_take_refusal(account, status, reply->json, err);
    return account_take_trouble(account, response, reply, err);
}

static void
account_response_release(struct http_response *response)
{
    http_response_release(response);
}

enum account_result
account_call(const struct account *account, const char *method,
             const char *path, const struct json *body,
             struct account_reply *reply, struct error *err)
{
    CLEANUP(account_response_release)
    struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct http_request request = {.method = method,
                                   .bearer = account->bearer};
    struct error own = ERROR_INIT;
    char url[URL_TEXT_SIZE + 256];

    if (!err)
        err = &own;
    account_reply_release(reply);
    if ((size_t)snprintf(url, sizeof url, "%s%s", account->service_url,
                         path) >= sizeof url ||
        (body && json_write(body, false, &text) < 0)) {
        error_set(err, FAIL_SERVICE, "memory", "out of memory");
        return ACCOUNT_FAILED;
    }
    request.url = url;
    if (body) {
        request.content_type = "application/json";
        request.body = &text;
    }
    if (http_send(account->http, &request, &response, err) == 0)
        return account_take(account, strcmp(method, "DELETE") != 0, &response,
                            reply, err);
    reply->maybe_done = strcmp(err->id, "lost") == 0;
    return ACCOUNT_FAILED;
}
