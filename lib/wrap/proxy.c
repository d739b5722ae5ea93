#include "lib/wrap/proxy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define PROXY_PORT        1080
#define PROXY_PORT_SECURE 443

/* libcurl's order. It does not heed HTTP_PROXY, which whoever calls a CGI
 * program could set. */
static const char *
proxy_of_environment(bool secure, const char **variable)
{
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY",
                                        "all_proxy", "ALL_PROXY", NULL};
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY",
                                       NULL};

    for (const char *const *each = secure ? https : http; *each; each++) {
        const char *value = getenv(*each);
        if (value && *value) {
            *variable = *each;
            return value;
        }
    }
    return NULL;
}

/* Host and port, without what may be a user and a password before them. */
static size_t
proxy_show(struct proxy *proxy, const char *text)
{
    const char *start = strstr(text, "://");
    const char *user = strrchr(text, '@');

    start = user ? user + 1 : start ? start + 3 : text;
    return text_clean(proxy->host, sizeof proxy->host - TEXT_NUMBER_SIZE,
                      start, strcspn(start, "/?#"));
}

void
proxy_find(struct proxy *proxy, const char *said, bool secure)
{
    const char *text = said, *colon;
    int64_t port = PROXY_PORT;
    size_t used;

    *proxy = (struct proxy){"", 0, NULL};
    if (!said)
        text = proxy_of_environment(secure, &proxy->variable);
    if (!text || !*text)
        return;
    if (text_starts_with(text, "https:"))
        port = PROXY_PORT_SECURE;
    used = proxy_show(proxy, text);
    colon = strrchr(proxy->host, ':');
    if (!colon || strchr(colon, ']')) {
        used = text_put(proxy->host, sizeof proxy->host, used, ":");
        text_put_number(proxy->host, sizeof proxy->host, used, port);
    } else if (text_to_number(colon + 1, 65535, &port) < 0) {
        port = 0;
    }
    proxy->port = (int)port;
}

bool
proxy_has_exceptions(void)
{
    return getenv("no_proxy") || getenv("NO_PROXY");
}
