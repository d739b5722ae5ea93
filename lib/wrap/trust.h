/*
 * trust.h - where this system keeps the certificates that it trusts.
 */
#ifndef PARALLEL_WRAP_TRUST_H
#define PARALLEL_WRAP_TRUST_H

/* A folder of files named by a hash, in which a certificate is looked up, or
 * NULL. */
const char *trust_find_folder(void);

/* All of them in one file, or NULL. */
const char *trust_find_bundle(void);

#endif
