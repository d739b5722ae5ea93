#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/wrap/qr.h"

#define ROWS 128

/* What a drawing shows: true for a dark module. */
struct picture {
    bool dark[ROWS][ROWS];
    int width;
    int height;
};

/*
 * Reads a drawing back, row by row, the way a terminal would show it: ink is
 * dark on light with colours, light on dark without.
 */
static void
picture_read(struct picture *p, const char *text, int indent, bool colour)
{
    static const char *const blocks[] = {" ", "\u2580", "\u2584", "\u2588"};

    memset(p, 0, sizeof *p);
    while (*text) {
        int x = 0;
        for (int i = 0; i < indent; i++)
            assert_int_equal(*text++, ' ');
        if (colour) {
            assert_int_equal(strncmp(text, "\033[30;47m", 8), 0);
            text += 8;
        }
        while (*text != '\n' && *text != '\033') {
            size_t kind = 0;
            while (kind < 4 &&
                   strncmp(text, blocks[kind], strlen(blocks[kind])) != 0)
                kind++;
            assert_true(kind < 4);
            text += strlen(blocks[kind]);
            p->dark[p->height][x] = ((kind & 1) != 0) == colour;
            p->dark[p->height + 1][x] = ((kind & 2) != 0) == colour;
            x++;
        }
        if (colour) {
            assert_int_equal(strncmp(text, "\033[0m", 4), 0);
            text += 4;
        }
        assert_int_equal(*text++, '\n');
        assert_true(p->width == 0 || p->width == x);
        p->width = x;
        p->height += 2;
    }
}

/* The three big squares of a code and its timing line stand where they
 * should, and four light modules around it. */
static void
assert_is_code(const struct picture *p)
{
    static const char finder[7][8] = {"#######", "#.....#", "#.###.#",
                                      "#.###.#", "#.###.#", "#.....#",
                                      "#######"};
    int size = p->width - 8;

    assert_in_range(size, 21, 177);
    assert_int_equal((size - 21) % 4, 0);
    for (int y = 0; y < 7; y++)
        for (int x = 0; x < 7; x++) {
            bool dark = finder[y][x] == '#';
            assert_int_equal(p->dark[4 + y][4 + x], dark);
            assert_int_equal(p->dark[4 + y][4 + size - 7 + x], dark);
            assert_int_equal(p->dark[4 + size - 7 + y][4 + x], dark);
        }
    for (int x = 8; x < size - 8; x++)
        assert_int_equal(p->dark[4 + 6][4 + x], x % 2 == 0);
    for (int i = 0; i < p->width; i++)
        for (int edge = 0; edge < 4; edge++) {
            assert_false(p->dark[edge][i]);
            assert_false(p->dark[i][edge]);
            assert_false(p->dark[p->width - 1 - edge][i]);
            assert_false(p->dark[i][p->width - 1 - edge]);
        }
}

static const char address[] =
    "https://platform.parallel.ai/getServiceKeys/device?user_code=BCDF-GHJK";

static void
draw(struct picture *p, const char *text, int indent, int colour)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    int width = -1;

    assert_int_equal(qr_draw(text, indent, colour, 120, &out, &width), 0);
    picture_read(p, out.data, indent, colour != 0);
    assert_int_equal(width, p->width);
    assert_is_code(p);
}

static void
test_code(void **state)
{
    struct picture plain, coloured, indented, other;

    (void)state;
    draw(&plain, address, 0, 0);
    draw(&coloured, address, 0, 1);
    draw(&indented, address, 3, 1);
    draw(&other, "https://localhost", 0, 0);
    for (int y = 0; y < plain.width; y++) {
        assert_memory_equal(plain.dark[y], coloured.dark[y],
                            (size_t)plain.width);
        assert_memory_equal(plain.dark[y], indented.dark[y],
                            (size_t)plain.width);
    }
    assert_true(memcmp(plain.dark, other.dark, sizeof plain.dark) != 0);
}

static void
test_too_wide(void **state)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    char text[4096];
    int width = 7, fits;

    (void)state;
    assert_int_equal(qr_draw(address, 0, 0, 120, &out, &fits), 0);
    secret_set(&out, "before", 6);
    assert_int_equal(qr_draw(address, 0, 0, fits - 1, &out, &width), -1);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(qr_draw(text, 0, 0, 10000, &out, &width), -1);
    assert_int_equal(qr_draw("", 0, 0, 120, &out, &width), -1);
    assert_int_equal(width, 7);
    assert_string_equal(out.data, "before");
    assert_int_equal(qr_draw(address, 0, 0, fits, &out, &width), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_too_wide),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("qr", tests, NULL, NULL);
}
