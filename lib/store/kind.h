/*
 * kind.h - where a credential is to lie.
 */
#ifndef PARALLEL_STORE_KIND_H
#define PARALLEL_STORE_KIND_H

enum store_kind {
    STORE_AUTO,        /* not decided: the keyring if it is open */
    STORE_FILE,        /* the private file */
    STORE_PROVISIONAL, /* the private file, until the keyring opens */
    STORE_KEYRING      /* the Secret Service */
};

/* "auto", "file", "provisional-file", "secret-service". */
const char *store_kind_word(enum store_kind kind);

/* The other way round; -1 for anything else. */
int store_kind_of(const char *word);

#endif
