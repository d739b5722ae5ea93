#include "tests/platform/route.h"

#include <string.h>

#include "tests/platform/account.h"
#include "tests/platform/authorize.h"
#include "tests/platform/data.h"
#include "tests/platform/device.h"
#include "tests/platform/enrollment.h"
#include "tests/platform/exchange.h"
#include "tests/platform/grant.h"
#include "tests/platform/keygrant.h"
#include "tests/platform/login.h"
#include "tests/platform/metadata.h"
#include "tests/platform/page.h"
#include "tests/platform/registration.h"
#include "tests/platform/resource.h"
#include "tests/platform/revocation.h"

static void not_found(const struct request *request, struct reply *reply);
static void bad_method(const struct request *request, struct reply *reply);

#define KEYS_PATH "/getServiceKeys"
#define GET_KEYS  "/getKeys"
#define APPS_PATH "/account/service/v1/apps"

static const struct route routes[] = {
    {PORT_PLATFORM, "POST", KEYS_PATH "/register", ENDPOINT_REGISTER,
     registration_post},
    {PORT_PLATFORM, "POST", KEYS_PATH "/device/code", ENDPOINT_CODE,
     device_post},
    {PORT_PLATFORM, "POST", KEYS_PATH "/token", ENDPOINT_TOKEN_OTHER,
     grant_post},
    {PORT_PLATFORM, "POST", KEYS_PATH "/token/revoke", ENDPOINT_REVOKE,
     revocation_post},
    {PORT_PLATFORM, "GET", "/device", ENDPOINT_PAGE, page_get},
    {PORT_PLATFORM, "POST", "/device", ENDPOINT_PAGE, page_post},
    {PORT_PLATFORM, "GET", METADATA_PATH, ENDPOINT_METADATA, metadata_get},
    {PORT_PLATFORM, "GET", GET_KEYS "/authorize", ENDPOINT_AUTHORIZE,
     authorize_get},
    {PORT_PLATFORM, "POST", GET_KEYS "/authorize", ENDPOINT_AUTHORIZE,
     authorize_post},
    {PORT_PLATFORM, "POST", GET_KEYS "/token", ENDPOINT_KEYS_TOKEN,
     keygrant_post},
    {PORT_PLATFORM, "POST", GET_KEYS "/register", ENDPOINT_KEYS_REGISTER,
     enrollment_post},
    {PORT_PLATFORM, "POST", GET_KEYS "/device/code", ENDPOINT_KEYS_CODE,
     device_post_for_key},
    {PORT_ACCOUNT, "GET", APPS_PATH, ENDPOINT_APPS, account_list_apps},
    {PORT_ACCOUNT, "POST", APPS_PATH, ENDPOINT_APPS, account_create_app},
    {PORT_ACCOUNT, "DELETE", APPS_PATH "/*", ENDPOINT_APPS,
     account_delete_app},
    {PORT_ACCOUNT, "POST", APPS_PATH "/*/keys", ENDPOINT_KEYS,
     account_create_key},
    {PORT_ACCOUNT, "DELETE", APPS_PATH "/*/keys/*", ENDPOINT_KEYS,
     account_delete_key},
    {PORT_ACCOUNT, "GET", "/account/service/v1/balance", ENDPOINT_BALANCE,
     account_balance},
    {PORT_ACCOUNT, "POST", "/account/service/v1/balance/add", ENDPOINT_BALANCE,
     account_add_balance},
    {PORT_SECOND, "GET", LOGIN_PATH, ENDPOINT_SECOND_AUTHORIZE, login_get},
    {PORT_SECOND, "POST", LOGIN_PATH, ENDPOINT_SECOND_AUTHORIZE, login_post},
    {PORT_SECOND, "POST", "/oauth/token", ENDPOINT_SECOND_TOKEN,
     exchange_post},
    {PORT_SECOND, NULL, "/api/*", ENDPOINT_SECOND_DATA, resource_any},
    {PORT_DATA, NULL, NULL, ENDPOINT_DATA, data_any},
};

static const struct route unknown = {
    .endpoint = ENDPOINT_OTHER,
    .handle = not_found,
};
static const struct route unallowed = {
    .endpoint = ENDPOINT_OTHER,
    .handle = bad_method,
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static void
not_found(const struct request *request, struct reply *reply)
{
    (void)request;
    reply_detail(reply, 404, "Not Found");
}

static void
bad_method(const struct request *request, struct reply *reply)
{
    (void)request;
    reply_detail(reply, 405, "Method Not Allowed");
}

/* Whether path has the form of pattern; writes its ids. */
static bool
fits(const char *pattern, const char *path, char capture[REQUEST_CAPTURES][64])
{
    size_t count = 0;

    while (*pattern) {
        size_t length;
        if (*pattern != '*') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        length = strcspn(path, "/");
        if (length == 0 || length >= sizeof(capture[0]) ||
            count == REQUEST_CAPTURES)
            return false;
        memcpy(capture[count], path, length);
        capture[count++][length] = '\0';
        path += length;
        pattern++;
    }
    return *path == '\0';
}

const struct route *
route_find(struct request *request)
{
    const struct route *found = &unknown;

    for (size_t i = 0; i < ROUTES; i++) {
        const struct route *route = &routes[i];
        if (route->port != request->port)
            continue;
        if (route->path && !fits(route->path, request->path, request->capture))
            continue;
        if (!route->method || strcmp(route->method, request->method) == 0)
            return route;
        found = &unallowed;
    }
    return found;
}

enum endpoint
route_endpoint(const struct route *route, const struct request *request)
{
    const char *grant = form_get(&request->form, "grant_type");
    bool refresh = grant && strcmp(grant, "refresh_token") == 0;

    if (route->endpoint == ENDPOINT_SECOND_TOKEN && refresh)
        return ENDPOINT_SECOND_REFRESH;
    if (route->endpoint != ENDPOINT_TOKEN_OTHER)
        return route->endpoint;
    if (refresh)
        return ENDPOINT_TOKEN_REFRESH;
    if (grant && strcmp(grant, GRANT_DEVICE_CODE) == 0)
        return ENDPOINT_TOKEN_DEVICE;
    return ENDPOINT_TOKEN_OTHER;
}
