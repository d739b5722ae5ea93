#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/token.h"

static struct json *
parsed(const char *text)
{
    struct error err = ERROR_INIT;
    struct json *json = NULL;

    if (json_parse(text, strlen(text), &json, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return json;
}

/* The token of {"access_token":"a", members}. */
static struct token
accepted(const char *members)
{
    char text[20000];
    struct token token = TOKEN_INIT;
    struct error err = ERROR_INIT;

    snprintf(text, sizeof text, "{\"access_token\":\"a\"%s}", members);
    cleanup_json struct json *json = parsed(text);
    if (token_parse(&token, json, &err) < 0)
        fail_msg("%.300s: %s", members, err.text);
    return token;
}

/* Is refused by a message that names field and repeats nothing of it; the
 * token stays as it was. */
static void
assert_refused(const char *text, const char *field)
{
    CLEANUP(token_release) struct token token = TOKEN_INIT;
    struct error err = ERROR_INIT;
    cleanup_json struct json *json = parsed(text);

    secret_set(&token.access, "before", 6);
    if (token_parse(&token, json, &err) == 0)
        fail_msg("accepted: %.300s", text);
    assert_int_equal(err.failure, FAIL_SERVICE);
    assert_string_equal(err.id, "reply");
    if (!strstr(err.text, field))
        fail_msg("\"%s\" does not name %s", err.text, field);
    assert_null(strstr(err.text, "sesame"));
    assert_string_equal(token.access.data, "before");
}

static void
test_full(void **state)
{
    CLEANUP(token_release)
    struct token token = accepted(
        ",\"refresh_token\":\"r\",\"token_type\":\"Bearer\","
        "\"expires_in\":600,\"refresh_token_expires_in\":604800,"
        "\"authorization_expires_in\":7776000,\"org_id\":\"o\","
        "\"org_name\":\"O \xc3\x84\",\"scope\":\"a:b c\",\"new\":[{}]");

    (void)state;
    assert_string_equal(token.access.data, "a");
    assert_string_equal(token.refresh.data, "r");
    assert_int_equal(token.lifetime_ms, 600000);
    assert_int_equal(token.refresh_lifetime_ms, 604800000);
    assert_int_equal(token.authorization_lifetime_ms, 7776000000);
    assert_string_equal(token.org_id, "o");
    assert_string_equal(token.org_name, "O \xc3\x84");
    assert_string_equal(token.scope, "a:b c");
}

static void
assert_bare(const char *members)
{
    CLEANUP(token_release) struct token token = accepted(members);

    assert_true(secret_is_empty(&token.refresh));
    assert_int_equal(token.lifetime_ms, -1);
    assert_int_equal(token.refresh_lifetime_ms, -1);
    assert_int_equal(token.authorization_lifetime_ms, -1);
    assert_null(token.org_id);
    assert_null(token.org_name);
    assert_null(token.scope);
}

static void
test_bare(void **state)
{
    (void)state;
    assert_bare("");
    assert_bare(",\"refresh_token\":null,\"token_type\":null,"
                "\"expires_in\":null,\"refresh_token_expires_in\":null,"
                "\"authorization_expires_in\":null,\"org_id\":null,"
                "\"org_name\":null,\"scope\":null");
    assert_bare(",\"refresh_token\":\"\",\"org_id\":\"\",\"org_name\":\"\"");
}

static void
test_access_token(void **state)
{
    (void)state;
    assert_refused("{}", "access_token");
    assert_refused("{\"access_token\":null}", "access_token");
    assert_refused("{\"access_token\":\"\"}", "access_token");
    assert_refused("{\"access_token\":1}", "access_token");
    assert_refused("{\"access_token\":[\"sesame\"]}", "access_token");
    assert_refused("{\"access_token\":\"sesame\\r\\nX: y\"}", "access_token");
    assert_refused("{\"access_token\":\"sesame \"}", "access_token");
    assert_refused("{\"access_token\":\"sesame\\u001b[2J\"}", "access_token");
    assert_refused("{\"access_token\":\"sesame\xc3\xa9\"}", "access_token");
    assert_refused("{\"access_token\":\"sesame\x7f\"}", "access_token");
}

static void
test_refresh_token(void **state)
{
    (void)state;
    assert_refused("{\"access_token\":\"a\",\"refresh_token\":5}",
                   "refresh_token");
    assert_refused("{\"access_token\":\"a\",\"refresh_token\":{}}",
                   "refresh_token");
    assert_refused("{\"access_token\":\"a\",\"refresh_token\":\"sesame\\n\"}",
                   "refresh_token");
}

static void
test_length(void **state)
{
    char text[TOKEN_TEXT_MAX + 64] = "{\"access_token\":\"";
    size_t start = strlen(text);
    struct token token = TOKEN_INIT;

    (void)state;
    memset(text + start, 't', TOKEN_TEXT_MAX);
    strcpy(text + start + TOKEN_TEXT_MAX, "\"}");
    struct json *json = parsed(text);
    assert_int_equal(token_parse(&token, json, NULL), 0);
    assert_int_equal(token.access.len, TOKEN_TEXT_MAX);
    json_free(json);
    token_release(&token);
    strcpy(text + start + TOKEN_TEXT_MAX, "t\"}");
    assert_refused(text, "access_token");
}

static void
test_type(void **state)
{
    (void)state;
    assert_bare(",\"token_type\":\"bearer\"");
    assert_bare(",\"token_type\":\"BEARER\"");
    assert_refused("{\"access_token\":\"a\",\"token_type\":\"mac\"}",
                   "token_type");
    assert_refused("{\"access_token\":\"a\",\"token_type\":\"\"}",
                   "token_type");
    assert_refused("{\"access_token\":\"a\",\"token_type\":1}", "token_type");
}

/* Each of the three lifetimes reads value as ms. */
static void
assert_lifetime(const char *value, int64_t ms)
{
    char members[256];

    snprintf(members, sizeof members,
             ",\"expires_in\":%s,\"refresh_token_expires_in\":%s,"
             "\"authorization_expires_in\":%s",
             value, value, value);
    CLEANUP(token_release) struct token token = accepted(members);
    assert_int_equal(token.lifetime_ms, ms);
    assert_int_equal(token.refresh_lifetime_ms, ms);
    assert_int_equal(token.authorization_lifetime_ms, ms);
}

static void
test_lifetime(void **state)
{
    CLEANUP(token_release)
    struct token most = accepted(",\"expires_in\":99999999999");
    int64_t ten_years = most.lifetime_ms;

    (void)state;
    assert_in_range(ten_years, 3650LL * 86400000, 3661LL * 86400000);
    assert_lifetime("0", 0);
    assert_lifetime("600", 600000);
    assert_lifetime("\"600\"", 600000);
    assert_lifetime("600.7", 600000);
    assert_lifetime("-1", 0);
    assert_lifetime("\"-1\"", 0);
    assert_lifetime("-1e300", 0);
    assert_lifetime("-9223372036854775808", 0);
    assert_lifetime("9223372036854775807", ten_years);
    assert_lifetime("1e300", ten_years);
    assert_lifetime("\"99999999999999999999999\"", ten_years);
    assert_lifetime("\"soon\"", -1);
    assert_lifetime("\"\"", -1);
    assert_lifetime("true", -1);
    assert_lifetime("[600]", -1);
    assert_lifetime("{\"s\":600}", -1);
}

static void
test_org_id(void **state)
{
    CLEANUP(token_release)
    struct token path = accepted(",\"org_id\":\"../../etc/x\"");
    CLEANUP(token_release)
    struct token equals = accepted(",\"org_id\":\"a=b%0a\xc3\xa9\"");
    char text[512] = "{\"access_token\":\"a\",\"org_id\":\"";
    size_t start = strlen(text);

    (void)state;
    assert_string_equal(path.org_id, "../../etc/x");
    assert_string_equal(equals.org_id, "a=b%0a\xc3\xa9");
    memset(text + start, 'o', TOKEN_NAME_MAX + 1);
    strcpy(text + start + TOKEN_NAME_MAX + 1, "\"}");
    assert_refused(text, "too long in \"org_id\"");
    strcpy(text + start + TOKEN_NAME_MAX, "\"}");
    struct json *json = parsed(text);
    struct token token = TOKEN_INIT;
    assert_int_equal(token_parse(&token, json, NULL), 0);
    assert_int_equal(strlen(token.org_id), TOKEN_NAME_MAX);
    token_release(&token);
    json_free(json);
    assert_refused("{\"access_token\":\"a\",\"org_id\":7}", "org_id");
    assert_refused("{\"access_token\":\"a\",\"org_id\":[]}", "org_id");
    assert_refused("{\"access_token\":\"a\",\"org_id\":\"sesame\\nx\"}",
                   "org_id");
    assert_refused("{\"access_token\":\"a\",\"org_id\":\"sesame\\u001bc\"}",
                   "org_id");
    assert_refused("{\"access_token\":\"a\",\"org_id\":\"sesame\\u202ec\"}",
                   "org_id");
    assert_refused("{\"access_token\":\"a\",\"org_id\":\"sesame\\u009bc\"}",
                   "org_id");
    assert_refused("{\"access_token\":\"a\",\"org_id\":\"sesame c\"}",
                   "org_id");
}

static void
test_org_name(void **state)
{
    CLEANUP(token_release)
    struct token cleaned =
        accepted(",\"org_name\":\"A\\u001b[31mB\\nC\\u202eD\\u009bE\"");
    CLEANUP(token_release) struct token number = accepted(",\"org_name\":7");
    char members[2048] = ",\"org_name\":\"";

    (void)state;
    assert_string_equal(cleaned.org_name, "A?[31mB?C?D?E");
    assert_null(number.org_name);
    for (int i = 0; i < 300; i++)
        strcat(members, "\xc3\xa4");
    strcat(members, "\"");
    CLEANUP(token_release) struct token cut = accepted(members);
    assert_int_equal(strlen(cut.org_name), TOKEN_NAME_MAX);
}

static void
test_scope(void **state)
{
    (void)state;
    assert_bare(",\"scope\":[\"a\"]");
    assert_bare(",\"scope\":\"a\\nb\"");
    assert_bare(",\"scope\":\"a\\u001b[2J\"");
    assert_bare(",\"scope\":\"a\\u202eb\"");
    char members[2048];
    snprintf(members, sizeof members, ",\"scope\":\"%01025d\"", 0);
    assert_bare(members);
    CLEANUP(token_release) struct token empty = accepted(",\"scope\":\"\"");
    assert_string_equal(empty.scope, "");
}

static void
test_replaces(void **state)
{
    CLEANUP(token_release)
    struct token token = accepted(",\"refresh_token\":\"r\",\"org_id\":\"o\","
                                  "\"scope\":\"s\",\"expires_in\":1");
    cleanup_json struct json *json = parsed("{\"access_token\":\"new\"}");

    (void)state;
    assert_int_equal(token_parse(&token, json, NULL), 0);
    assert_string_equal(token.access.data, "new");
    assert_true(secret_is_empty(&token.refresh));
    assert_null(token.org_id);
    assert_null(token.scope);
    assert_int_equal(token.lifetime_ms, -1);
    assert_int_equal(token_parse(&token, NULL, NULL), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_access_token),
        cmocka_unit_test(test_refresh_token),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_type),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_org_id),
        cmocka_unit_test(test_org_name),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_replaces),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
