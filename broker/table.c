#include "broker/table.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

static void
table_put(struct table *table, const char *text)
{
    char shown[256];

    text_show(shown, sizeof shown, text);
    secret_append(&table->cell, shown, strlen(shown) + 1);
}

void
table_add(struct table *table, const char *a, const char *b, const char *c)
{
    table_put(table, a);
    table_put(table, b);
    table_put(table, c);
    table->rows++;
}

/* How many columns of a terminal a text takes: its characters. */
static size_t
table_width(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void
table_measure(const struct table *table, size_t width[TABLE_COLUMNS])
{
    const char *text = secret_text(&table->cell);

    for (int i = 0; i < TABLE_COLUMNS; i++)
        width[i] = table_width(table->head[i]);
    for (size_t i = 0; i < table->rows * TABLE_COLUMNS; i++) {
        if (table_width(text) > width[i % TABLE_COLUMNS])
            width[i % TABLE_COLUMNS] = table_width(text);
        text += strlen(text) + 1;
    }
}

/* The last column is not filled up. */
static void
table_print_cell(const char *text, size_t width, int column)
{
    size_t pad = width - table_width(text) + 2;

    if (column == TABLE_COLUMNS - 1)
        printf("%s\n", text);
    else
        printf("%s%*s", text, (int)pad, "");
}

int
table_print(struct table *table, struct error *err)
{
    const char *text = secret_text(&table->cell);
    size_t width[TABLE_COLUMNS];

    table_measure(table, width);
    for (int i = 0; i < TABLE_COLUMNS; i++)
        table_print_cell(table->head[i], width[i], i);
    for (size_t i = 0; i < table->rows * TABLE_COLUMNS; i++) {
        table_print_cell(text, width[i % TABLE_COLUMNS],
                         (int)(i % TABLE_COLUMNS));
        text += strlen(text) + 1;
    }
    secret_release(&table->cell);
    if (fflush(stdout) == 0)
        return 0;
    return error_errno(err, FAIL_SERVICE, "output",
                       "cannot write to standard output");
}
