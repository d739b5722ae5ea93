/*
 * verdict.h - what the verification of a certificate said.
 */
#ifndef PARALLEL_WRAP_VERDICT_H
#define PARALLEL_WRAP_VERDICT_H

#include <stdbool.h>

/* A verdict is OpenSSL's number (X509_V_ERR_*), which libcurl hands on
 * without a name; 0 or 1: it did not come to a verification. */

/* Whether nobody whom this machine trusts has issued the certificate. */
bool verdict_is_unknown_issuer(long verdict);

/* What is the matter, as the rest of a sentence about the server. */
const char *verdict_sentence(long verdict);

#endif
