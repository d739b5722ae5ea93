#include "lib/base/answer.h"

#include <string.h>

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
           const char *user, const char *secret, bool ephemeral)
{
    if (!request->authtype)
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
             const char *token, int64_t expires_at)
{
    if (!answer_suits(request, ANSWER_TOKEN_USER))
        return 0;
    if (answer_put(answer, request, ANSWER_TOKEN_USER, token, true) < 0 ||
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
    if (answer_put(answer, request, ANSWER_KEY_USER, key, false) < 0)
        return -1;
    return fields_end(answer);
}
