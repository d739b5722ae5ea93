/*
 * docker.h - docker's protocol for credential helpers: the words of it, and
 * reading standard input.
 *
 * store reads {"ServerURL":…,"Username":…,"Secret":…}; get and erase read an
 * address; get prints such an object, list {"ADDRESS":"USER"}. docker and its
 * kin compare the errors below, which stand on standard output, with what they
 * know.
 */
#ifndef PARALLEL_BASE_DOCKER_H
#define PARALLEL_BASE_DOCKER_H

#include "lib/base/secret.h"

#define DOCKER_PROGRAM   "docker-credential-parallel"
#define DOCKER_FAILED    1
#define DOCKER_NOT_FOUND "credentials not found in native keychain"
#define DOCKER_NO_SERVER "no credentials server URL"
#define DOCKER_NO_USER   "no credentials username"
#define DOCKER_TOO_LONG  "standard input cannot be read, or is too long"

#define DOCKER_INPUT_MAX 65536

/* Read standard input to its end. -1: more than DOCKER_INPUT_MAX bytes, a NUL
 * in it, or it cannot be read. */
int docker_read(struct secret *input);

/* text without the blanks around it; its end is cut off in place. */
char *docker_trim(char *text);

#endif
