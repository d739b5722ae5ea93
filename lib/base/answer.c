#include "lib/base/answer.h"

#include <string.h>

#include "lib/base/text.h"

/* "%41" becomes "A", in place. -1: what no line of a block can have. */
static int
request_decode(char *text)
{
    size_t used = 0;

    for (char *at = text; *at; at++) {
        int byte = *at == '%' ? text_hex_byte(at + 1) : -1;

        text[used] = byte < 0 ? *at : (char)byte;
        at += byte < 0 ? 0 : 2;
        if (!text[used] || text[used] == '\n' || text[used] == '\r')
            return -1;
        used++;
    }
    text[used] = '\0';
    return 0;
}

#define REQUEST_URL_PARTS 5

/*
 * protocol://[username[:password]@]host[/path], in place, as git takes it
 * apart. Returns how many parts there are, or -1.
 */
static int
request_split_url(char *url, struct field *part)
{
    char *host = strstr(url, "://"), *path, *at, *colon;
    int count = 0;

    if (!host || host == url)
        return -1;
    *host++ = '\0';
    path = host + 2 + strcspn(host + 2, "/?#");
    /* Over the slashes: so there is room for an end of it before the path. */
    memmove(host, host + 2, (size_t)(path - host - 2));
    path[-2] = '\0';
    at = memchr(host, '@', strlen(host));
    colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
    part[count++] = (struct field){"protocol", url};
    if (at) {
        part[count++] = (struct field){"username", host};
        *at = '\0';
        host = at + 1;
    }
    if (colon) {
        part[count++] = (struct field){"password", colon + 1};
        *colon = '\0';
    }
    part[count++] = (struct field){"host", host};
    path += strspn(path, "/");
    if (*path)
        part[count++] = (struct field){"path", path};
    return count;
}

/* Decode the parts, which lie in text, and end the path before its slashes. */
static int
request_finish_url(struct field *part, int count, char *text)
{
    size_t len;

    for (int i = 0; i < count; i++) {
        char *value = text + (part[i].value - text);

        if (request_decode(value) < 0)
            return -1;
        for (len = strlen(value);
             strcmp(part[i].key, "path") == 0 && len && value[len - 1] == '/';)
            value[--len] = '\0';
    }
    return 0;
}

int
request_receive(struct fields *block, int fd, struct error *err)
{
    struct field part[REQUEST_URL_PARTS];
    size_t i = 0;
    int count = -1;

    if (fields_read(block, fd, err) < 0)
        return error_context(err, "the request on standard input");
    for (i = block->count; i > 0; i--)
        if (strcmp(block->item[i - 1].key, "url") == 0)
            break;
    if (i == 0)
        return 0;
    count = request_split_url(
        block->text.data + (block->item[i - 1].value - block->text.data),
        part);
    if (count < 0 || request_finish_url(part, count, block->text.data) < 0)
        count = 0;
    if (fields_splice(block, i, part, (size_t)count) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    return 0;
}

int
request_read(struct request *request, const struct fields *block)
{
    const char *credential = fields_get(block, "credential");

    *request = (struct request){
        .path = fields_text(block, "path"),
        .username = fields_get(block, "username"),
        .password = fields_get(block, "password"),
        .expires = fields_get(block, "password_expiry_utc") != NULL,
        .authtype = fields_has(block, "capability[]", "authtype")};
    if (!request->password)
        request->password = credential;
    while (*request->path == '/')
        request->path++;
    return url_origin_of_request(fields_text(block, "protocol"),
                                 fields_text(block, "host"), request->origin);
}

static int
answer_put(struct secret *answer, const struct request *request,
           const char *user, const char *secret, bool bearer, bool ephemeral)
{
    if (!request->authtype || !bearer)
        return fields_put(answer, "username", user) |
               fields_put(answer, "password", secret);
    return fields_put(answer, "capability[]", "authtype") |
           fields_put(answer, "authtype", "Bearer") |
           fields_put(answer, "credential", secret) |
           (ephemeral ? fields_put(answer, "ephemeral", "1") : 0);
}

static bool
answer_suits(const struct request *request, const char *user)
{
    return !request->username || !*request->username ||
           strcmp(request->username, user) == 0;
}

int
answer_token(struct secret *answer, const struct request *request,
             const char *token, int64_t expires_at, const char *present)
{
    bool bearer = !present || !*present;
    const char *user = !bearer && strcmp(present, ANSWER_AS_KEY) == 0
                           ? ANSWER_KEY_USER
                           : ANSWER_TOKEN_USER;

    if (!answer_suits(request, user))
        return 0;
    if (answer_put(answer, request, user, token, bearer, true) < 0 ||
        (expires_at > 0 && fields_put_number(answer, "password_expiry_utc",
                                             expires_at / 1000) < 0))
        return -1;
    return fields_end(answer);
}

int
answer_key(struct secret *answer, const struct request *request,
           const char *key)
{
    if (!answer_suits(request, ANSWER_KEY_USER))
        return 0;
    if (answer_put(answer, request, ANSWER_KEY_USER, key, true, false) < 0)
        return -1;
    return fields_end(answer);
}

static int
answer_put_base64(struct secret *line, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    int result = 0;

    for (size_t i = 0; i < len; i += 3) {
        unsigned whole = (unsigned)bytes[i] << 16 |
                         (i + 1 < len ? (unsigned)bytes[i + 1] << 8 : 0) |
                         (i + 2 < len ? (unsigned)bytes[i + 2] : 0);
        char four[4] = {digits[whole >> 18], digits[whole >> 12 & 63],
                        i + 1 < len ? digits[whole >> 6 & 63] : '=',
                        i + 2 < len ? digits[whole & 63] : '='};

        result |= secret_append(line, four, sizeof four);
    }
    return result;
}

int
answer_basic(struct secret *line, const char *token)
{
    struct secret pair = SECRET_INIT;
    int result = secret_append_text(&pair, ANSWER_TOKEN_USER ":") |
                 secret_append_text(&pair, token);

    if (result == 0)
        result = answer_put_base64(line, (const unsigned char *)pair.data,
                                   pair.len);
    secret_release(&pair);
    return result;
}
