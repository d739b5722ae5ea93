#include "lib/base/other.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* ---- texts ---------------------------------------------------------------
 */

static const char other_digits[] = "0123456789abcdef";

/* Append text escaped; also names further characters to be escaped. */
static int
other_escape(struct secret *out, const char *text, const char *also)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char code[] = {'%', other_digits[c >> 4], other_digits[c & 15]};
        bool plain = c >= ' ' && c < 0x7f && c != '%' && !strchr(also, c);

        if (secret_append(out, plain ? text : code, plain ? 1 : 3) < 0)
            return -1;
    }
    return 0;
}

int
other_unescape(struct secret *out, const char *text)
{
    const char *code;

    for (; (code = strchr(text, '%')); text = code + 3) {
        int byte = text_hex_byte(code + 1);
        const char plain = (char)byte;

        if (byte <= 0 || secret_append(out, text, (size_t)(code - text)) < 0 ||
            secret_append(out, &plain, 1) < 0)
            return -1;
    }
    return secret_append_text(out, text);
}

/* ---- requests ------------------------------------------------------------
 */

/* Escape a value that may be missing; *missing tells. */
static int
other_take(struct secret *out, const char *value, bool *missing)
{
    *missing = !value;
    return value ? other_escape(out, value, "") : 0;
}

static bool
other_is_true(const char *value)
{
    return value && *value && strcmp(value, "0") != 0 &&
           strcmp(value, "false") != 0;
}

int
other_request_git(struct other_request *request, const struct fields *block)
{
    const char *protocol = fields_text(block, "protocol");
    const char *host = fields_get(block, "host");
    const char *path = fields_text(block, "path");
    const char *authtype = fields_get(block, "authtype");
    const char *credential = fields_get(block, "credential");
    int64_t seconds = 0;
    bool ignored;

    *request = (struct other_request){0};
    request->bearing = fields_has(block, "capability[]", "authtype");
    request->ephemeral = other_is_true(fields_get(block, "ephemeral"));
    if (text_to_number(fields_text(block, "password_expiry_utc"),
                       INT64_MAX / 1000, &seconds) == 0)
        request->expires = seconds * 1000;
    request->any_path = !*path;
    if (!*protocol || !host || (!*host && !*path))
        return -1;
    if (!authtype || !credential)
        authtype = NULL, credential = fields_get(block, "password");
    return other_escape(&request->key, OTHER_GIT ":", "") |
           other_escape(&request->key, protocol, ":/") |
           secret_append_text(&request->key, "://") |
           other_escape(&request->key, host, "/") |
           secret_append_text(&request->key, *path ? "/" : "") |
           other_escape(&request->key, path, "") |
           other_take(&request->user, fields_get(block, "username"),
                      &request->any_user) |
           other_take(&request->secret, credential, &request->any_secret) |
           other_take(&request->authtype, authtype, &ignored) |
           other_take(&request->refresh,
                      fields_get(block, "oauth_refresh_token"), &ignored);
}

int
other_request_docker(struct other_request *request, const char *server)
{
    *request = (struct other_request){
        .any_user = true, .any_secret = true, .one_user = true};
    return !*server ||
                   secret_append_text(&request->key, OTHER_DOCKER ":") < 0 ||
                   other_escape(&request->key, server, "") < 0
               ? -1
               : 0;
}

int
other_request_tell(struct other_request *request, const char *user,
                   const char *secret)
{
    return other_take(&request->user, user, &request->any_user) |
           other_take(&request->secret, secret, &request->any_secret);
}

void
other_request_release(struct other_request *request)
{
    secret_release(&request->key);
    secret_release(&request->user);
    secret_release(&request->secret);
    secret_release(&request->refresh);
    secret_release(&request->authtype);
}

int
other_request_view(const struct other_request *request, struct other *other)
{
    *other = (struct other){.key = secret_text(&request->key),
                            .user = secret_text(&request->user),
                            .secret = secret_text(&request->secret),
                            .refresh = secret_text(&request->refresh),
                            .authtype = secret_text(&request->authtype),
                            .expires = request->expires};
    if (request->ephemeral || request->any_secret)
        return -1;
    return request->any_user && !*other->authtype ? -1 : 0;
}

/* ---- matching ------------------------------------------------------------
 */

static bool
other_match_key(const struct other_request *request, const char *key)
{
    const char *wanted = secret_text(&request->key);

    if (strncmp(key, wanted, request->key.len) != 0)
        return false;
    key += request->key.len;
    return !*key || (request->any_path && *key == '/');
}

bool
other_match(const struct other_request *request, const struct other *other,
            bool with_secret)
{
    if (!other_match_key(request, other->key) ||
        (!request->any_user && !secret_equals(&request->user, other->user)))
        return false;
    if (!with_secret || request->any_secret)
        return true;
    return other->secret && secret_equals(&request->secret, other->secret) &&
           secret_equals(&request->authtype, other->authtype);
}

bool
other_is_alive(const struct other *other, int64_t now)
{
    return *other->refresh || other->expires == 0 || other->expires > now;
}

/* An exact path goes before none, what is valid before a refresh token alone,
 * what was stored later before the rest. */
static int
other_rank(const struct other_request *request, const struct other *other,
           int64_t now)
{
    int rank = strcmp(other->key, secret_text(&request->key)) == 0 ? 1 : 0;

    return other->expires == 0 || other->expires > now ? rank + 2 : rank;
}

bool
other_is_better(const struct other_request *request, const struct other *other,
                const struct other *best, int64_t now)
{
    int rank, best_rank;

    if (!other_is_alive(other, now) || !other_match(request, other, false) ||
        (*other->authtype && !request->bearing))
        return false;
    if (!best->key)
        return true;
    rank = other_rank(request, other, now);
    best_rank = other_rank(request, best, now);
    return rank > best_rank ||
           (rank == best_rank && other->stored >= best->stored);
}

static bool
other_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

bool
other_equals(const struct other *a, const struct other *b)
{
    return other_same(a->key, b->key) && other_same(a->user, b->user) &&
           other_same(a->secret, b->secret) &&
           other_same(a->refresh, b->refresh) &&
           other_same(a->authtype, b->authtype) && a->expires == b->expires;
}

/* ---- answers -------------------------------------------------------------
 */

static int
other_put(struct secret *answer, const char *key, const char *escaped)
{
    CLEANUP(secret_release) struct secret value = SECRET_INIT;

    if (other_unescape(&value, escaped) < 0)
        return -1;
    return fields_put(answer, key, secret_text(&value));
}

static int
other_put_secret(struct secret *answer, const struct other *other)
{
    int result = 0;

    if (*other->authtype)
        result |= fields_put(answer, "capability[]", "authtype") |
                  other_put(answer, "authtype", other->authtype) |
                  other_put(answer, "credential", other->secret);
    if (!*other->authtype || *other->user)
        result |= other_put(answer, "username", other->user);
    if (!*other->authtype)
        result |= other_put(answer, "password", other->secret);
    if (other->expires)
        result |= fields_put_number(answer, "password_expiry_utc",
                                    other->expires / 1000);
    return result;
}

int
other_answer_git(struct secret *answer, const struct other_request *request,
                 const struct other *other, int64_t now)
{
    bool valid = other->expires == 0 || other->expires > now;

    if (*other->authtype && !request->bearing)
        return 0;
    if (!valid && !*other->refresh)
        return 0;
    if (valid && other_put_secret(answer, other) < 0)
        return -1;
    if (*other->refresh &&
        other_put(answer, "oauth_refresh_token", other->refresh) < 0)
        return -1;
    return fields_end(answer);
}

/* "text", with the escapes that JSON asks for. */
static int
other_put_json(struct secret *out, const char *text)
{
    int result = secret_append_text(out, "\"");

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char code[] = {
            '\\', 'u', '0', '0', other_digits[c >> 4], other_digits[c & 15]};

        if (c < ' ' || c == 0x7f)
            result |= secret_append(out, code, sizeof code);
        else if (c == '"' || c == '\\')
            result |=
                secret_append(out, "\\", 1) | secret_append(out, text, 1);
        else
            result |= secret_append(out, text, 1);
    }
    return result | secret_append_text(out, "\"");
}

static int
other_put_member(struct secret *answer, const char *before,
                 const char *escaped)
{
    CLEANUP(secret_release) struct secret value = SECRET_INIT;

    if (other_unescape(&value, escaped) < 0 ||
        secret_append_text(answer, before) < 0)
        return -1;
    return other_put_json(answer, secret_text(&value));
}

int
other_answer_docker(struct secret *answer, const struct other *other)
{
    return other_put_member(answer, "{\"ServerURL\":",
                            other->key + strlen(OTHER_DOCKER ":")) |
           other_put_member(answer, ",\"Username\":", other->user) |
           other_put_member(answer, ",\"Secret\":", other->secret) |
           secret_append_text(answer, "}\n");
}

/* ---- blocks --------------------------------------------------------------
 */

int
other_put_block(struct secret *block, const struct other *other)
{
    int result = fields_put(block, "key", other->key) |
                 fields_put(block, "user", other->user) |
                 fields_put_number(block, "stored_at", other->stored);

    if (other->expires)
        result |= fields_put_number(block, "expires_at", other->expires);
    if (*other->authtype)
        result |= fields_put(block, "authtype", other->authtype);
    if (*other->refresh)
        result |= fields_put(block, "refreshable", "1");
    else
        result |= fields_put(block, "secret", other->secret);
    return result | fields_end(block);
}

int
other_read_block(struct other *other, const struct fields *block)
{
    *other = (struct other){.key = fields_get(block, "key"),
                            .user = fields_text(block, "user"),
                            .secret = fields_get(block, "secret"),
                            .refresh = fields_text(block, "refreshable"),
                            .authtype = fields_text(block, "authtype"),
                            .expires = fields_number(block, "expires_at"),
                            .stored = fields_number(block, "stored_at")};
    return other->key && (other->secret || *other->refresh) ? 0 : -1;
}
