#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/provider.h"

/* The provider at these addresses; it must be possible. */
static struct provider
made(const char *platform, const char *service, const char *data)
{
    struct error err = ERROR_INIT;
    struct provider p;

    if (provider_init_parallel(&p, platform, service, data, "s:1 s:2", &err) <
        0)
        fail_msg("%s", err.text);
    return p;
}

/* list, joined by blanks, is expected. */
static void
assert_list(char *const *list, const char *expected)
{
    char text[512] = "";

    for (size_t i = 0; list[i]; i++) {
        strcat(text, i ? " " : "");
        strcat(text, list[i]);
    }
    assert_string_equal(text, expected);
}

static void
test_public(void **state)
{
    CLEANUP(provider_release)
    struct provider p =
        made(provider_parallel_platform, provider_parallel_service,
             provider_parallel_data);

    (void)state;
    assert_string_equal(p.name, "parallel");
    assert_string_equal(p.issuer, "https://platform.parallel.ai");
    assert_string_equal(
        p.registration_endpoint,
        "https://platform.parallel.ai/getServiceKeys/register");
    assert_string_equal(
        p.device_authorization_endpoint,
        "https://platform.parallel.ai/getServiceKeys/device/code");
    assert_string_equal(p.token_endpoint,
                        "https://platform.parallel.ai/getServiceKeys/token");
    assert_string_equal(
        p.revocation_endpoint,
        "https://platform.parallel.ai/getServiceKeys/token/revoke");
    assert_int_equal(p.registration, REGISTRATION_PARALLEL_JSON);
    assert_int_equal(p.revocation, REVOCATION_PARALLEL);
    assert_string_equal(p.scopes, "s:1 s:2");
    assert_string_equal(p.service_url, "https://api.parallel.ai/account");
    assert_string_equal(p.data_url, "https://api.parallel.ai");
    assert_list(p.token_for, "https://platform.parallel.ai "
                             "https://api.parallel.ai/account/");
    assert_list(p.key_for,
                "https://api.parallel.ai https://task-mcp.parallel.ai "
                "https://search.parallel.ai");
}

static void
test_private(void **state)
{
    CLEANUP(provider_release)
    struct provider p = made("https://p.example:8443/base",
                             "http://127.0.0.1:81", "http://localhost:82/d");

    (void)state;
    assert_string_equal(p.issuer, "https://p.example:8443/base");
    assert_string_equal(p.token_endpoint,
                        "https://p.example:8443/base/getServiceKeys/token");
    assert_list(p.token_for, "https://p.example:8443 http://127.0.0.1:81");
    assert_list(p.key_for, "http://localhost:82");
}

/* What a private platform issues goes to no public host, whatever else is
 * left at its default. */
static void
test_private_platform_alone(void **state)
{
    CLEANUP(provider_release)
    struct provider p = made("https://p.example", provider_parallel_service,
                             provider_parallel_data);

    (void)state;
    assert_list(p.token_for, "https://p.example");
    assert_list(p.key_for, "");
}

static void
test_private_data_alone(void **state)
{
    CLEANUP(provider_release)
    struct provider p = made(provider_parallel_platform,
                             provider_parallel_service, "https://d.example");

    (void)state;
    assert_list(p.key_for, "https://d.example");
}

static void
test_one_form(void **state)
{
    CLEANUP(provider_release)
    struct provider p =
        made("HTTPS://Platform.Parallel.AI:443//",
             "https://API.parallel.ai/Account//", "https://api.parallel.ai/");

    (void)state;
    assert_string_equal(p.issuer, "https://platform.parallel.ai");
    assert_string_equal(p.service_url, "https://api.parallel.ai/Account");
    assert_string_equal(p.data_url, "https://api.parallel.ai");
    assert_list(p.token_for, "https://platform.parallel.ai "
                             "https://api.parallel.ai/Account/");
    assert_list(p.key_for,
                "https://api.parallel.ai https://task-mcp.parallel.ai "
                "https://search.parallel.ai");
}

static void
test_default_scopes(void **state)
{
    CLEANUP(provider_release) struct provider p = {0};

    (void)state;
    assert_int_equal(provider_init_parallel(&p, "https://a", "https://b",
                                            "https://c", NULL, NULL),
                     0);
    assert_string_equal(p.scopes, provider_parallel_scopes);
    assert_null(strstr(provider_parallel_scopes, "balance:add"));
}

static void
assert_refused(const char *platform, const char *service, const char *data,
               const char *name)
{
    struct error err = ERROR_INIT;
    struct provider p;

    memset(&p, 0x55, sizeof p);
    if (provider_init_parallel(&p, platform, service, data, "", &err) == 0)
        fail_msg("accepted: %s %s %s", platform, service, data);
    assert_int_equal(err.failure, FAIL_INPUT);
    if (strncmp(err.text, name, strlen(name)) != 0)
        fail_msg("\"%s\" does not name %s", err.text, name);
    provider_release(&p); /* harmless after a failure */
}

static void
test_unsafe(void **state)
{
    static const char *const unsafe[] = {"http://p.example",
                                         "ftp://p.example",
                                         "p.example",
                                         "",
                                         "https://",
                                         "https://user@p.example",
                                         "https://p.example/?a=b",
                                         "https://p.example?",
                                         "https://p.example/#part",
                                         "https://p.example:0",
                                         "https://p.exa mple",
                                         "http://127.0.0.1.example",
                                         "http://localhost.example"};

    (void)state;
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        assert_refused(unsafe[i], "https://b", "https://c", "platform_url");
        assert_refused("https://a", unsafe[i], "https://c", "service_api_url");
        assert_refused("https://a", "https://b", unsafe[i], "api_url");
    }
}

/* A section with all that a login needs. */
static struct provider_settings
section(void)
{
    return (struct provider_settings){
        .name = (char *)"acme",
        .issuer = (char *)"https://a.example",
        .token_endpoint = (char *)"https://a.example/token",
        .device_authorization_endpoint = (char *)"https://a.example/device",
        .revocation_endpoint = (char *)"https://a.example/revoke",
        .client_id = (char *)"id",
        .hosts = (char *)"https://x.example https://y.example/v1/",
        .present = PRESENT_BASIC,
        .revocation = REVOCATION_RFC7009};
}

static void
test_settings(void **state)
{
    static struct provider_settings s;
    CLEANUP(provider_release) struct provider p = {0};
    struct error err = ERROR_INIT;

    (void)state;
    s = section();
    assert_int_equal(provider_init_settings(&p, &s, &err), 0);
    assert_string_equal(p.issuer, "https://a.example");
    assert_string_equal(p.scopes, "");
    assert_string_equal(p.service_url, "");
    assert_list(p.token_for, "https://x.example https://y.example/v1/");
    assert_list(p.key_for, "");
    assert_int_equal(provider_check_grant(&p, GRANT_DEVICE, &err), 0);
    provider_release(&p);

    /* Without an issuer the token endpoint is who issues. */
    s.issuer = NULL;
    assert_int_equal(provider_init_settings(&p, &s, &err), 0);
    assert_string_equal(p.issuer, "https://a.example/token");
    provider_release(&p);
    s.token_endpoint = NULL;
    assert_int_equal(provider_init_settings(&p, &s, &err), -1);
    assert_string_equal(err.id, "config");
    assert_non_null(strstr(err.text, "[provider acme]"));
}

/* What is needed for a login and not there is named. */
static void
assert_missing(const struct provider_settings *s, enum provider_grant grant,
               const char *part)
{
    CLEANUP(provider_release) struct provider p = {0};
    struct error err = ERROR_INIT;

    assert_int_equal(provider_init_settings(&p, s, &err), 0);
    assert_int_equal(provider_check_grant(&p, grant, &err), -1);
    assert_int_equal(err.failure, FAIL_INPUT);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" lacks \"%s\"", err.text, part);
}

static void
test_settings_missing(void **state)
{
    struct provider_settings s = section();

    (void)state;
    s.device_authorization_endpoint = NULL;
    assert_missing(&s, GRANT_DEVICE, "needs device_authorization_endpoint");
    s = section();
    s.token_endpoint = NULL;
    assert_missing(&s, GRANT_DEVICE, "needs token_endpoint");
    s = section();
    s.client_id = NULL;
    assert_missing(&s, GRANT_DEVICE, "needs client_id, or registration");
    s.registration = REGISTRATION_RFC7591;
    assert_missing(&s, GRANT_DEVICE,
                   "needs client_id, or registration_endpoint");
    s.registration_endpoint = (char *)"https://a.example/register";
    s.authentication = AUTHENTICATION_POST;
    assert_missing(&s, GRANT_DEVICE, "needs client_id");
    s = section();
    assert_missing(&s, GRANT_CODE, "needs authorization_endpoint");
    s.device_authorization_endpoint = NULL;
    assert_missing(&s, GRANT_AUTO,
                   "needs device_authorization_endpoint, or "
                   "authorization_endpoint");
}

/* What is offered is what there are addresses for, unless it is said. */
static void
assert_offers(const struct provider_settings *s, enum provider_grant grant)
{
    CLEANUP(provider_release) struct provider p = {0};

    assert_int_equal(provider_init_settings(&p, s, NULL), 0);
    assert_int_equal(provider_offers(&p), grant);
}

static void
test_offers(void **state)
{
    struct provider_settings s = section();

    (void)state;
    assert_offers(&s, GRANT_DEVICE);
    s.authorization_endpoint = (char *)"https://a.example/authorize";
    assert_offers(&s, GRANT_AUTO);
    s.grant = GRANT_DEVICE;
    assert_offers(&s, GRANT_DEVICE);
    s.grant = GRANT_CODE;
    assert_offers(&s, GRANT_CODE);
    s.grant = GRANT_AUTO;
    s.device_authorization_endpoint = NULL;
    assert_offers(&s, GRANT_CODE);
    s.authorization_endpoint = NULL;
    assert_offers(&s, GRANT_AUTO);
}

/* A token endpoint that stands for an issuer is none that "iss" could name. */
static void
test_iss(void **state)
{
    struct provider_settings s = section();
    CLEANUP(provider_release) struct provider p = {0};

    (void)state;
    assert_int_equal(provider_init_settings(&p, &s, NULL), 0);
    assert_string_equal(provider_iss(&p), "https://a.example");
    provider_release(&p);
    s.issuer = NULL;
    assert_int_equal(provider_init_settings(&p, &s, NULL), 0);
    assert_null(provider_iss(&p));
}

static void
test_restore(void **state)
{
    struct provider_settings s = section();
    CLEANUP(provider_release) struct provider p = {0};
    const struct provider_kept kept = {.name = "acme",
                                       .issuer = "https://a.example",
                                       .scopes = "one",
                                       .token_endpoint = "https://k.example/t",
                                       .revocation_endpoint =
                                           "https://k.example/r",
                                       .hosts = "https://k.example",
                                       .present = "x-api-key"};
    struct provider_kept again;

    (void)state;
    /* The endpoints are the section's, the addresses those that were kept. */
    assert_int_equal(provider_restore(&p, &kept, &s, NULL), 0);
    assert_string_equal(p.token_endpoint, "https://a.example/token");
    assert_string_equal(p.client_id, "id");
    assert_int_equal(p.revocation, REVOCATION_RFC7009);
    assert_list(p.token_for, "https://k.example");
    assert_int_equal(p.present, PRESENT_X_API_KEY);
    assert_string_equal(p.scopes, "one");
    provider_release(&p);
    /* What the section does not tell was kept. */
    s.token_endpoint = s.revocation_endpoint = NULL;
    assert_int_equal(provider_restore(&p, &kept, &s, NULL), 0);
    assert_string_equal(p.token_endpoint, "https://k.example/t");
    assert_string_equal(p.revocation_endpoint, "https://k.example/r");
    again = provider_keep(&p);
    assert_string_equal(again.name, "acme");
    assert_string_equal(again.issuer, kept.issuer);
    assert_string_equal(again.token_endpoint, kept.token_endpoint);
    assert_string_equal(again.hosts, kept.hosts);
    assert_string_equal(again.present, kept.present);
    provider_release(&p);
    /* No section any more: enough to know where its token is shown. */
    assert_int_equal(provider_restore(&p, &kept, NULL, NULL), 0);
    assert_list(p.token_for, "https://k.example");
}

static void
test_restore_other_issuer(void **state)
{
    static const char *const others[] = {
        "https://a.example/", "https://A.example", "https://b.example",
        "http://a.example", "https://a.example:443"};
    const struct provider_kept kept = {.name = "acme",
                                       .issuer = "https://a.example"};
    struct provider_settings s = section();

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct error err = ERROR_INIT;
        struct provider p;

        s.issuer = (char *)others[i];
        memset(&p, 0x55, sizeof p);
        if (provider_restore(&p, &kept, &s, &err) == 0)
            fail_msg("accepted: %s", others[i]);
        assert_string_equal(err.id, "issuer");
        provider_release(&p);
    }
}

static void
test_use_keys(void **state)
{
    CLEANUP(provider_release)
    struct provider p =
        made(provider_parallel_platform, provider_parallel_service,
             provider_parallel_data);

    (void)state;
    assert_string_equal(provider_client_key(&p), p.issuer);
    assert_int_equal(provider_use_keys(&p, NULL), 0);
    assert_true(p.grants_key);
    assert_string_equal(p.scopes, "key:read");
    assert_string_equal(p.token_endpoint,
                        "https://platform.parallel.ai/getKeys/token");
    assert_string_equal(p.device_authorization_endpoint,
                        "https://platform.parallel.ai/getKeys/device/code");
    /* A client id of one is none of the other. */
    assert_string_not_equal(provider_client_key(&p), p.issuer);
}

static void
test_names(void **state)
{
    static const char *const bad[] = {
        "",    "parallel", "any-host", "docker",
        "-a",  "A",        "a b",      "a_b",
        "a.b", "/",        "\xc3\xa9", "abcdefghijklmnopqrstuvwxyz0123456"};

    (void)state;
    assert_true(settings_name_is_free("a"));
    assert_true(settings_name_is_free("parqex-2"));
    assert_true(settings_name_is_free("abcdefghijklmnopqrstuvwxyz012345"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (settings_name_is_free(bad[i]))
            fail_msg("accepted: %s", bad[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_private_platform_alone),
        cmocka_unit_test(test_private_data_alone),
        cmocka_unit_test(test_one_form),
        cmocka_unit_test(test_default_scopes),
        cmocka_unit_test(test_unsafe),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_missing),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_iss),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_restore_other_issuer),
        cmocka_unit_test(test_use_keys),
        cmocka_unit_test(test_names),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
