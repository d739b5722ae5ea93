/*
 * table.h - a few columns of text for a person.
 */
#ifndef PARALLEL_BROKER_TABLE_H
#define PARALLEL_BROKER_TABLE_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret.h"

#define TABLE_COLUMNS 3

struct table {
    const char *head[TABLE_COLUMNS];
    struct secret cell; /* texts, each with its NUL, row by row */
    size_t rows;
};

#define TABLE(a, b, c)                                                        \
    {                                                                         \
        {(a), (b), (c)}, SECRET_INIT, 0                                       \
    }

/* A row; the texts are cleaned and copied. NULL is "". */
void table_add(struct table *table, const char *a, const char *b,
               const char *c);

/* Write it to standard output, and release it. With no rows nothing but the
 * head is written. */
int table_print(struct table *table, struct error *err);

#endif
