/*
 * form.h - a body of the type application/x-www-form-urlencoded.
 */
#ifndef PARALLEL_OAUTH_FORM_H
#define PARALLEL_OAUTH_FORM_H

#include "lib/base/secret.h"

/* Append "key=value", with '&' in front unless form is empty. 0, or -1 when
 * memory ran out. */
int form_add(struct secret *form, const char *key, const char *value);

/* Append value alone, encoded. 0, or -1 when memory ran out. */
int form_append(struct secret *form, const char *value);

#endif
