#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/shell.h"

/* What sh makes of a word. */
static void
read_by_sh(const char *word, char *out, size_t size)
{
    char line[256];
    size_t len;
    FILE *sh;

    snprintf(line, sizeof line, "printf %%s %s", word);
    sh = popen(line, "r");
    assert_non_null(sh);
    len = fread(out, 1, size - 1, sh);
    out[len] = '\0';
    assert_int_equal(pclose(sh), 0);
}

static void
test_escape(void **state)
{
    static const char *const words[] = {
        "/usr/bin/git-credential-parallel",
        "/opt/my tools/bin/x",
        "/opt/$HOME/`id`/$(id)",
        "/a'b\"c\\d!e#f~g*h?i[j]k;l&m|n<o>p(q)r{s}t",
        "/opt/\tb",
        "/opt/n\xc3\xa9n/x"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char escaped[128], read[128], back[128];

        shell_escape(escaped, words[i]);
        assert_int_equal(*escaped, *words[i]);
        read_by_sh(escaped, read, sizeof read);
        assert_string_equal(read, words[i]);
        strcat(escaped, " get");
        assert_string_equal(shell_first_word(back, sizeof back, escaped),
                            words[i]);
    }
    {
        char plain[64];

        assert_string_equal(shell_escape(plain, words[0]), words[0]);
    }
}

static void
test_first_word(void **state)
{
    static const struct {
        const char *line, *word;
    } cases[] = {
        {"store --file x", "store"},
        {"", ""},
        {"  a\tb", "a"},
        {"'/my tools/x' get", "/my tools/x"},
        {"\"/my tools/x\" get", "/my tools/x"},
        {"/my' 'tools\"/x\"/y z", "/my tools/x/y"},
        {"/my\\ tools/x get", "/my tools/x"},
        {"\"a\\\"b\\c\" d", "a\"b\\c"},
        {"'a\\b' c", "a\\b"},
        {"a\\", "a\\"},
        {"'a b", "a b"},
    };
    char out[64], few[4];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(shell_first_word(out, sizeof out, cases[i].line),
                            cases[i].word);
    assert_string_equal(shell_first_word(few, sizeof few, "abcdef"), "abc");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_first_word),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
