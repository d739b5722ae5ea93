#include "web/answer.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/web.h"

#define ANSWER_CODE_MAX 4096

enum parameter { CODE, STATE, ERROR, DESCRIPTION, ISS, PARAMETERS };

static const char *const answer_names[PARAMETERS] = {
    [CODE] = "code",   [STATE] = "state",
    [ERROR] = "error", [DESCRIPTION] = "error_description",
    [ISS] = "iss",
};

struct parameters {
    struct secret value[PARAMETERS];
    bool given[PARAMETERS];
};

static void
parameters_release(struct parameters *p)
{
    for (int i = 0; i < PARAMETERS; i++)
        secret_release(&p->value[i]);
}

void
answer_release(struct answer *answer)
{
    secret_release(&answer->code);
    *answer = (struct answer)ANSWER_INIT;
}

/* Decode len bytes of a form. -1: not what a form looks like. */
static int
answer_decode(const char *text, size_t len, struct secret *out)
{
    for (size_t i = 0; i < len; i++) {
        int byte = text[i] == '+' ? ' ' : (unsigned char)text[i];
        char c;

        if (text[i] == '%') {
            byte = len - i > 2 ? text_hex_byte(text + i + 1) : -1;
            i += 2;
        }
        c = (char)byte;
        if (byte <= 0 || secret_append(out, &c, 1) < 0)
            return -1;
    }
    return 0;
}

/* One "key=value"; what has no meaning for us is ignored. */
static int
answer_take(struct parameters *p, const char *pair, size_t len)
{
    CLEANUP(secret_release) struct secret name = SECRET_INIT;
    const char *equal = memchr(pair, '=', len);
    size_t name_len = equal ? (size_t)(equal - pair) : len;

    if (answer_decode(pair, name_len, &name) < 0)
        return -1;
    for (int i = 0; i < PARAMETERS; i++) {
        if (strcmp(secret_text(&name), answer_names[i]) != 0)
            continue;
        if (p->given[i])
            return -1;
        p->given[i] = true;
        return equal
                   ? answer_decode(equal + 1, len - name_len - 1, &p->value[i])
                   : 0;
    }
    return 0;
}

static int
answer_parse(struct parameters *p, const char *query)
{
    while (*query) {
        size_t len = strcspn(query, "&");

        if (answer_take(p, query, len) < 0)
            return -1;
        query += len + (query[len] == '&');
    }
    return 0;
}

static bool
answer_is_code(const struct secret *code)
{
    for (size_t i = 0; i < code->len; i++)
        if (code->data[i] < ' ' || code->data[i] >= 0x7f)
            return false;
    return code->len > 0 && code->len <= ANSWER_CODE_MAX;
}

static bool
answer_is_of_issuer(const struct answer_rules *rules,
                    const struct parameters *p)
{
    if (!p->given[ISS])
        return !rules->issuer_required;
    return !rules->issuer ||
           strcmp(secret_text(&p->value[ISS]), rules->issuer) == 0;
}

/* Of the state not even the beginning goes into a message. */
static void
answer_show(const struct answer_rules *rules, const struct secret *text,
            char *out, size_t size)
{
    char start[9] = "";

    memcpy(start, secret_text(rules->state),
           rules->state->len < 8 ? rules->state->len : 8);
    if (!*start || !strstr(secret_text(text), start))
        text_show(out, size, secret_text(text));
    secret_wipe(start, sizeof start);
}

static enum answer_kind
answer_take_error(const struct answer_rules *rules, const struct parameters *p,
                  struct answer *answer)
{
    answer_show(rules, &p->value[ERROR], answer->error, sizeof answer->error);
    answer_show(rules, &p->value[DESCRIPTION], answer->description,
                sizeof answer->description);
    return *answer->error ? ANSWER_ERROR : ANSWER_WRONG;
}

static enum answer_kind
answer_judge_parameters(const struct answer_rules *rules, struct parameters *p,
                        struct answer *answer)
{
    if (!p->given[STATE] || secret_is_empty(rules->state) ||
        !secret_equals(rules->state, secret_text(&p->value[STATE])) ||
        p->given[CODE] == p->given[ERROR])
        return ANSWER_WRONG;
    if (!answer_is_of_issuer(rules, p)) {
        text_show(answer->error, sizeof answer->error, WEB_WRONG_ISSUER);
        return ANSWER_ERROR;
    }
    if (p->given[ERROR])
        return answer_take_error(rules, p, answer);
    if (!answer_is_code(&p->value[CODE]))
        return ANSWER_WRONG;
    secret_move(&answer->code, &p->value[CODE]);
    return ANSWER_CODE;
}

enum answer_kind
answer_judge(const struct answer_rules *rules, const char *target,
             struct answer *answer)
{
    CLEANUP(parameters_release) struct parameters p = {0};
    size_t path = strcspn(target, "?");

    answer_release(answer);
    if (path != strlen(rules->path) || memcmp(target, rules->path, path) != 0)
        return ANSWER_ELSEWHERE;
    if (strlen(target) > ANSWER_TARGET_MAX ||
        answer_parse(&p, target + path + (target[path] == '?')) < 0)
        return ANSWER_WRONG;
    return answer_judge_parameters(rules, &p, answer);
}
