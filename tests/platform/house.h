/*
 * The files in the platform's folder: addresses, certificates, pid.
 */
#ifndef PLATFORM_HOUSE_H
#define PLATFORM_HOUSE_H

#include <stdbool.h>

#include "tests/platform/tls.h"

/* Writes DIR/name at once: a temporary file, then a rename. */
bool house_write(const char *dir, const char *name, const char *text);

/* Removes DIR/name if it is there. */
void house_remove(const char *dir, const char *name);

/* Writes ca.pem, bundle.pem and the hashed folder ca. */
bool house_write_authority(const char *dir, const struct tls *tls);

#endif
