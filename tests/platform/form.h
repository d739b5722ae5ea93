/*
 * Bodies of type application/x-www-form-urlencoded, read strictly: a field
 * may come once only (RFC 6749, section 3.2), `+` is a space, %XX a byte.
 */
#ifndef PLATFORM_FORM_H
#define PLATFORM_FORM_H

#include <stddef.h>

#define FORM_MAX 32

struct form {
    size_t count;
    struct form_field {
        char *name;
        char *value;
    } fields[FORM_MAX];
};

/*
 * Reads body into form, which must be zeroed. Returns NULL, or what is wrong
 * with the body (a constant); the fields before that are then in form. To be
 * released in either case.
 */
const char *form_parse(struct form *form, const char *body, size_t length);

/*
 * What length encoded bytes stand for, to be freed; NULL for a bad escape or
 * a NUL.
 */
char *form_decode(const char *text, size_t length);

/* The value of a field; NULL when it is missing. It belongs to form. */
const char *form_get(const struct form *form, const char *name);

void form_release(struct form *form);

#endif
