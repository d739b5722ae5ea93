/*
 * Whatever an authorization server answers: what is taken from it can be sent
 * in a header, stored in a line and shown on a terminal.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"
#include "lib/oauth/device.h"
#include "lib/oauth/token.h"
#include "lib/wrap/json.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_visible_ascii(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text >= 0x7f)
            return false;
    return true;
}

static bool
is_clean(const char *text)
{
    char shown[2048];

    return strcmp(text_show(shown, sizeof shown, text), text) == 0;
}

static void
check_error(const struct error *err)
{
    require(err->failure == FAIL_SERVICE, "a failure is told");
    require(is_clean(err->text), "a message is clean");
}

static void
check_token(const struct json *json)
{
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    struct error err = ERROR_INIT;

    if (token_parse(&token, json, &err) < 0) {
        check_error(&err);
        require(secret_is_empty(&token.access), "a failure leaves nothing");
        return;
    }
    require(token.access.len > 0, "there is a token");
    require(token.access.len <= TOKEN_TEXT_MAX, "a token is bounded");
    require(is_visible_ascii(token.access.data), "a token can be sent");
    require(is_visible_ascii(secret_text(&token.refresh)),
            "a refresh token can be sent");
    require(!token.org_id || (*token.org_id && is_clean(token.org_id)),
            "an organization's id is clean");
    require(!token.org_name || is_clean(token.org_name),
            "an organization's name is clean");
    require(!token.scope || is_clean(token.scope), "a scope is clean");
    require(token.lifetime_ms >= -1 &&
                token.lifetime_ms < 4000LL * 86400 * 1000,
            "a lifetime is bounded");
}

static void
check_code(const struct json *json)
{
    CLEANUP(device_code_release) struct device_code code = DEVICE_CODE_INIT;
    struct error err = ERROR_INIT;

    if (device_code_parse(&code, json, &err) < 0) {
        check_error(&err);
        require(!code.user_code, "a failure leaves nothing");
        return;
    }
    require(is_visible_ascii(code.code.data), "a device code can be sent");
    require(*code.user_code && is_clean(code.user_code),
            "a user code is clean");
    require(is_visible_ascii(code.verification_uri), "an address is clean");
    require(url_require_safe(code.verification_uri, "", NULL) == 0,
            "an address is safe");
    require(!code.verification_uri_complete ||
                url_require_safe(code.verification_uri_complete, "", NULL) ==
                    0,
            "a complete address is safe");
    require(code.interval_ms >= 100 && code.interval_ms <= 300000,
            "an interval is bounded");
    require(code.expires_in_ms >= 0 && code.expires_in_ms <= 86400000,
            "a code's life is bounded");
}

static void
check_round_trip(const struct json *json)
{
    CLEANUP(secret_release) struct secret first = SECRET_INIT;
    CLEANUP(secret_release) struct secret second = SECRET_INIT;
    cleanup_json struct json *again = NULL;
    struct error err = ERROR_INIT;

    require(json_write(json, false, &first) == 0, "JSON can be written");
    if (json_parse(first.data, first.len, &again, &err) < 0)
        require(false, err.text);
    require(json_write(again, true, &second) == 0, "and again");
    json_free(again);
    again = NULL;
    require(json_parse(second.data, second.len, &again, &err) == 0,
            "and pretty");
    require(json_write(again, false, &second) == 0, "and plain again");
    require(strcmp(first.data, second.data) == 0, "and stays the same");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_json struct json *json = NULL;
    struct error err = ERROR_INIT;
    size_t at = 0;
    const char *key;

    if (json_parse((const char *)data, size, &json, &err) < 0) {
        check_error(&err);
        require(json == NULL, "a failure leaves nothing");
        return 0;
    }
    while ((key = json_next_key(json, &at))) {
        int64_t number = 7;
        if (json_number(json, key, &number))
            require(number >= -1000000000000000 && number <= 1000000000000000,
                    "a number is bounded");
    }
    check_token(json);
    check_code(json);
    check_round_trip(json);
    return 0;
}
