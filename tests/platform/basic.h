/*
 * HTTP Basic as OAuth clients use it (RFC 6749, section 2.3.1).
 */
#ifndef PLATFORM_BASIC_H
#define PLATFORM_BASIC_H

#include <stdbool.h>

/*
 * Reads what follows "Basic ": id and secret, decoded, to be freed. False,
 * and both NULL, when it is malformed.
 */
bool basic_read(const char *text, char **id, char **secret);

#endif
