/*
 * What nobody may guess: codes, tokens, keys and ids, all from getrandom(2).
 * The platform keeps only the digest of a secret it has given out.
 */
#ifndef PLATFORM_SECRET_H
#define PLATFORM_SECRET_H

#define SECRET_LENGTH 64 /* room for a secret, its NUL included */
#define DIGEST_LENGTH 65 /* room for a SHA-256 in hex, its NUL included */
#define UUID_LENGTH   37
#define USER_CODE     10 /* room for XXXX-XXXX */

/* Writes prefix (at most 15 bytes) and 256 random bits in base64url. */
void secret_make(char out[SECRET_LENGTH], const char *prefix);

/* Writes the SHA-256 of text in lower-case hex. */
void secret_digest(char out[DIGEST_LENGTH], const char *text);

/* Writes a random UUID (version 4). */
void secret_uuid(char out[UUID_LENGTH]);

/* Writes a user code like BCDF-GHJK: consonants only, so it spells no word. */
void secret_user_code(char out[USER_CODE]);

/* Fills out with length random bytes. */
void secret_bytes(void *out, unsigned long length);

#endif
