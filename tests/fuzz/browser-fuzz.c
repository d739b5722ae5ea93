/*
 * What comes to the port that waits for a browser: a request's target, any
 * bytes. Only with the state is anything taken, and what is taken is clean,
 * bounded, and without the state. In the input # stands for it, for nobody
 * guesses it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/fuzz/require.h"
#include "web/answer.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STATE "Zk3-unguessable_state-of-43-characters-0123"

/* The input as a text, with the state where it stands for it. */
static void
put_target(const uint8_t *data, size_t size, struct secret *target)
{
    for (size_t i = 0; i < size && data[i]; i++) {
        int result = data[i] == '#'
                         ? secret_append_text(target, STATE)
                         : secret_append(target, (const char *)data + i, 1);

        require(result == 0, "memory");
    }
}

static void
check_clean(const char *text, size_t size)
{
    require(strlen(text) < size, "bounded");
    require(!strstr(text, STATE), "no state in what is shown");
    for (; *text; text++)
        require((unsigned char)*text >= ' ' && *text != 0x7f, "clean");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(secret_release) struct secret target = SECRET_INIT;
    CLEANUP(secret_release) struct secret state = SECRET_INIT;
    CLEANUP(answer_release) struct answer answer = ANSWER_INIT;
    const struct answer_rules rules = {"/callback", &state,
                                       "https://as.example", size % 2};
    enum answer_kind kind;

    require(secret_append_text(&state, STATE) == 0, "memory");
    put_target(data, size, &target);
    kind = answer_judge(&rules, secret_text(&target), &answer);
    if (kind == ANSWER_CODE || kind == ANSWER_ERROR)
        require(strstr(secret_text(&target), "state=") ||
                    strchr(secret_text(&target), '%'),
                "taken with the state alone");
    require((kind == ANSWER_CODE) == !secret_is_empty(&answer.code),
            "a code if it is one");
    require((kind == ANSWER_ERROR) == (*answer.error != '\0'),
            "an error if it is one");
    require(answer.code.len <= ANSWER_CODE_MAX, "bounded");
    check_clean(answer.error, sizeof answer.error);
    check_clean(answer.description, sizeof answer.description);
    return 0;
}
