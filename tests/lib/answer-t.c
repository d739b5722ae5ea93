#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "lib/base/answer.h"
#include "lib/base/cleanup.h"

/* The block that text becomes, as "key=value|...". */
static void
assert_received(const char *text, const char *expected)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    CLEANUP(secret_release) struct secret shown = SECRET_INIT;
    struct error err = ERROR_INIT;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
    close(fds[1]);
    if (request_receive(&block, fds[0], &err) < 0)
        fail_msg("%s: %s", text, err.text);
    close(fds[0]);
    for (size_t i = 0; i < block.count; i++) {
        secret_append_text(&shown, block.item[i].key);
        secret_append_text(&shown, "=");
        secret_append_text(&shown, block.item[i].value);
        secret_append_text(&shown, "|");
    }
    assert_string_equal(secret_text(&shown), expected);
}

static void
test_url(void **state)
{
    static const struct {
        const char *url, *parts;
    } cases[] = {
        {"https://h", "protocol=https|host=h|"},
        {"https://h/", "protocol=https|host=h|"},
        {"https://h:8443/a/b.git", "protocol=https|host=h:8443|path=a/b.git|"},
        {"https://h//a//", "protocol=https|host=h|path=a|"},
        {"https://me@h/a", "protocol=https|username=me|host=h|path=a|"},
        {"https://me:pw@h", "protocol=https|username=me|password=pw|host=h|"},
        {"https://:@h", "protocol=https|username=|password=|host=h|"},
        {"https://a:b:c@h", "protocol=https|username=a|password=b:c|host=h|"},
        {"https://a%40b:%3a%2F@h/%41%zz%4",
         "protocol=https|username=a@b|password=:/|host=h|path=A%zz%4|"},
        {"https://h/a@b:c", "protocol=https|host=h|path=a@b:c|"},
        {"https://h?q=1", "protocol=https|host=h|path=?q=1|"},
        {"https://h#f", "protocol=https|host=h|path=#f|"},
        {"https://[::1]:80/a", "protocol=https|host=[::1]:80|path=a|"},
        {"cert:///etc/key", "protocol=cert|host=|path=etc/key|"},
        {"https://", "protocol=https|host=|"},
        /* No address: nothing is left. */
        {"", ""},
        {"h/a", ""},
        {"://h", ""},
        {"https:/h", ""},
        {"https://h/%0ahost=evil", ""},
        {"https://h%00.evil", ""},
        {"https://a%0d@h", ""},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        strcpy(text, "url=");
        strcat(text, cases[i].url);
        strcat(text, "\n\n");
        assert_received(text, cases[i].parts);
    }
}

static void
test_url_order(void **state)
{
    (void)state;
    assert_received("protocol=http\nusername=before\ncapability[]=authtype\n"
                    "url=https://h\npath=behind\nwwwauth[]=Basic\n\n",
                    "protocol=https|host=h|path=behind|wwwauth[]=Basic|");
    assert_received("url=https://me:pw@one/a\nurl=http://two\n\n",
                    "protocol=http|host=two|");
    assert_received("url=https://me@one\nurl=nonsense\nhost=h\n\n", "host=h|");
    assert_received("protocol=https\nhost=h\n\n", "protocol=https|host=h|");
}

static void
test_url_request(void **state)
{
    char text[] = "username=other\nurl=https://H:443//account/x/\n\n";
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    struct error err = ERROR_INIT;
    struct request request;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
    close(fds[1]);
    assert_int_equal(request_receive(&block, fds[0], &err), 0);
    close(fds[0]);
    assert_int_equal(request_read(&request, &block), 0);
    assert_string_equal(request.origin, "https://h");
    assert_string_equal(request.path, "account/x");
    assert_null(request.username);
}

/* What is answered for a token, to a caller that knows authtype. */
static void
assert_answer(const char *present, const char *user, const char *expected)
{
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    const struct request request = {.username = user, .authtype = true};

    assert_int_equal(answer_token(&answer, &request, "t", 2000, present), 0);
    assert_string_equal(secret_text(&answer), expected);
}

static void
test_present(void **state)
{
    static const char bearer[] =
        "capability[]=authtype\nauthtype=Bearer\ncredential=t\nephemeral=1\n"
        "password_expiry_utc=2\n\n";

    (void)state;
    assert_answer(NULL, NULL, bearer);
    assert_answer("", NULL, bearer);
    assert_answer(ANSWER_AS_BASIC, NULL,
                  "username=parallel-token\npassword=t\n"
                  "password_expiry_utc=2\n\n");
    assert_answer(ANSWER_AS_KEY, NULL,
                  "username=parallel-key\npassword=t\n"
                  "password_expiry_utc=2\n\n");
    assert_answer(ANSWER_AS_KEY, "parallel-token", "");
    assert_answer(ANSWER_AS_BASIC, "parallel-key", "");
}

static void
test_basic(void **state)
{
    CLEANUP(secret_release) struct secret line = SECRET_INIT;

    (void)state;
    assert_int_equal(answer_basic(&line, "a"), 0);
    assert_string_equal(line.data, "cGFyYWxsZWwtdG9rZW46YQ==");
    secret_release(&line);
    assert_int_equal(answer_basic(&line, "ab~"), 0);
    assert_string_equal(line.data, "cGFyYWxsZWwtdG9rZW46YWJ+");
    secret_release(&line);
    assert_int_equal(answer_basic(&line, "a?"), 0);
    assert_string_equal(line.data, "cGFyYWxsZWwtdG9rZW46YT8=");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_present),     cmocka_unit_test(test_basic),
        cmocka_unit_test(test_url),         cmocka_unit_test(test_url_order),
        cmocka_unit_test(test_url_request),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
