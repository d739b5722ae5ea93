#include "lib/base/url.h"

#include <string.h>

#include "lib/base/text.h"

static char
url_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
url_is_host_char(char c, bool bracketed)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || (bracketed && c == ':');
}

/* Reads host and port from authority (len bytes). */
static int
url_parse_authority(struct url *url, const char *authority, size_t len)
{
    bool bracketed = len > 0 && authority[0] == '[';
    size_t i = bracketed ? 1 : 0, used = 0;
    char port[8] = "";
    int64_t number = url->secure ? 443 : 80;

    if (bracketed)
        url->host[used++] = '[';
    for (; i < len; i++) {
        char c = url_lower(authority[i]);
        if (!url_is_host_char(c, bracketed))
            break;
        if (used + 2 >= sizeof url->host)
            return -1;
        url->host[used++] = c;
    }
    if (bracketed) {
        if (i >= len || authority[i++] != ']')
            return -1;
        url->host[used++] = ']';
    }
    url->host[used] = '\0';
    if (used == 0 || (bracketed && used < 4))
        return -1;
    if (i < len) {
        if (authority[i] != ':' || len - i - 1 >= sizeof port)
            return -1;
        memcpy(port, authority + i + 1, len - i - 1);
        if (port[0] &&
            (text_to_number(port, 65535, &number) < 0 || number == 0))
            return -1;
    }
    url->port = (int)number;
    return 0;
}

static bool
url_has_strange_char(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}#@", c))
            return true;
    }
    return false;
}

int
url_parse(struct url *url, const char *text, struct error *err)
{
    size_t scheme, span;

    memset(url, 0, sizeof *url);
    if (strncasecmp(text, "https://", 8) == 0)
        url->secure = true, scheme = 8;
    else if (strncasecmp(text, "http://", 7) == 0)
        scheme = 7;
    else
        return error_set(err, FAIL_INPUT, "url", "not an https:// address");
    if (strlen(text) >= URL_TEXT_SIZE)
        return error_set(err, FAIL_INPUT, "url", "address too long");
    if (url_has_strange_char(text + scheme))
        return error_set(err, FAIL_INPUT, "url",
                         "address with a character that may not be in it");
    span = strcspn(text + scheme, "/?");
    if (url_parse_authority(url, text + scheme, span) < 0)
        return error_set(err, FAIL_INPUT, "url",
                         "address without a valid host and port");
    url->path = text + scheme + span;
    return 0;
}

/* Four decimal numbers up to 255, the first of them 127. */
static bool
url_is_127(const char *host)
{
    int parts = 0;

    while (true) {
        const char *dot = strchr(host, '.');
        size_t span = dot ? (size_t)(dot - host) : strlen(host);
        char digits[4] = "";
        int64_t number;

        if (span == 0 || span > 3)
            return false;
        memcpy(digits, host, span);
        if (text_to_number(digits, 255, &number) < 0 ||
            (parts == 0 && number != 127))
            return false;
        parts++;
        if (!host[span])
            return parts == 4;
        host += span + 1;
    }
}

bool
url_is_loopback(const struct url *url)
{
    return strcmp(url->host, "localhost") == 0 ||
           strcmp(url->host, "[::1]") == 0 || url_is_127(url->host);
}

int
url_require_safe(const char *text, const char *what, struct error *err)
{
    struct url url;

    if (url_parse(&url, text, err) < 0)
        return error_context(err, "%s", what);
    if (!url.secure && !url_is_loopback(&url))
        return error_set(err, FAIL_INPUT, "url",
                         "%s: plain http is only for this machine itself; "
                         "%s needs https",
                         what, url.host);
    return 0;
}

void
url_origin(const struct url *url, char *out)
{
    size_t used = text_put(out, URL_ORIGIN_SIZE, 0,
                           url->secure ? "https://" : "http://");

    used = text_put(out, URL_ORIGIN_SIZE, used, url->host);
    if (url->port == (url->secure ? 443 : 80))
        return;
    used = text_put(out, URL_ORIGIN_SIZE, used, ":");
    text_put_number(out, URL_ORIGIN_SIZE, used, url->port);
}

int
url_origin_of_request(const char *protocol, const char *host, char *out)
{
    struct url url = {.secure = strcmp(protocol, "https") == 0};

    if (!url.secure && strcmp(protocol, "http") != 0)
        return -1;
    if (url_parse_authority(&url, host, strlen(host)) < 0)
        return -1;
    if (!url.secure && !url_is_loopback(&url))
        return -1;
    url_origin(&url, out);
    return 0;
}
