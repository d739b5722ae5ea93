#include "tests/platform/uri.h"

#include <ctype.h>
#include <string.h>

/* All that RFC 3986 allows, but for the fragment's # and user info's @. */
static bool
has_good_bytes(const char *text)
{
    static const char others[] = "-._~:/?[]!$&'()*+,;=%";

    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr(others, *text))
            return false;
    return true;
}

/* Copies length bytes in lower case; false when there is no room. */
static bool
copy_lower(char *out, size_t room, const char *text, size_t length)
{
    if (length == 0 || length >= room)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    out[length] = '\0';
    return true;
}

/* The length of the host at the start of text, 0 when there is none. */
static size_t
host_length(const char *text)
{
    size_t length;

    if (*text != '[')
        return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz0123456789-.");
    length = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
    return text[length] == ']' ? length + 1 : 0;
}

bool
uri_read(struct uri *out, const char *text)
{
    const char *host = strstr(text, "://");
    const char *rest;
    size_t length;

    if (!host || !has_good_bytes(text) ||
        !copy_lower(out->scheme, sizeof(out->scheme), text,
                    (size_t)(host - text)))
        return false;
    if (strcmp(out->scheme, "http") != 0 && strcmp(out->scheme, "https") != 0)
        return false;
    host += 3;
    length = host_length(host);
    if (!copy_lower(out->host, sizeof(out->host), host, length))
        return false;
    rest = host + length;
    if (*rest == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    if ((*rest && *rest != '/' && *rest != '?') ||
        (size_t)(rest - text) >= sizeof(out->origin))
        return false;
    memcpy(out->origin, text, (size_t)(rest - text));
    out->origin[rest - text] = '\0';
    out->rest = rest;
    return true;
}

bool
uri_is_loopback(const struct uri *uri)
{
    return strcmp(uri->scheme, "http") == 0 &&
           (strcmp(uri->host, "127.0.0.1") == 0 ||
            strcmp(uri->host, "[::1]") == 0);
}

bool
uri_is_same(const char *registered, const char *asked)
{
    struct uri one;
    struct uri other;

    if (strcmp(registered, asked) == 0)
        return true;
    return uri_read(&one, registered) && uri_read(&other, asked) &&
           uri_is_loopback(&one) && uri_is_loopback(&other) &&
           strcmp(one.host, other.host) == 0 &&
           strcmp(one.rest, other.rest) == 0;
}

bool
uri_is_host_name(const char *text)
{
    size_t length = strlen(text);
    bool dot = false;

    if (length > 253 || host_length(text) != length || *text == '[' ||
        strspn(text, "0123456789.") == length)
        return false;
    for (const char *label = text; label; label = strchr(label, '.')) {
        label += label > text;
        if (*label == '.' || *label == '-' || *label == '\0')
            return false;
        dot = dot || label > text;
    }
    return dot;
}

void
uri_encode(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            fputc(*text, out);
        else
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}
