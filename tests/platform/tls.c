#include "tests/platform/tls.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/platform/memory.h"
#include "tests/platform/secret.h"

#define DAY  ((time_t)86400)
#define LONG (3650 * DAY) /* tests may set their clock far off */

/* Lower case: this is how openssl's name hash wants it, see name_hash. */
#define CA_NAME      "sandbox platform ca"
#define UNKNOWN_NAME "unknown ca"

struct ca {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

/* What a certificate says. */
struct wish {
    const char *name; /* common name and DNS name */
    bool is_ca;
    bool with_address; /* 127.0.0.1 as well */
    time_t from;       /* seconds from now */
    time_t to;
};

/*
 * How openssl names a certificate in a hashed folder: the first four bytes,
 * little-endian, of the SHA-1 of the subject's canonical form, which is its
 * parts as UTF-8 in lower case, without the outer SEQUENCE. The subject here
 * is one common name.
 */
static int
name_hash(const char *name, char out[9])
{
    unsigned char length = (unsigned char)strlen(name);
    const unsigned char start[] = {0x31,  (unsigned char)(length + 9),
                                   0x30,  (unsigned char)(length + 7),
                                   0x06,  0x03,
                                   0x55,  0x04,
                                   0x03,  0x0c,
                                   length};
    unsigned char all[128];
    unsigned char sum[20];
    int result;

    memcpy(all, start, sizeof(start));
    memcpy(all + sizeof(start), name, length);
    result =
        gnutls_hash_fast(GNUTLS_DIG_SHA1, all, sizeof(start) + length, sum);
    snprintf(out, 9, "%02x%02x%02x%02x", sum[3], sum[2], sum[1], sum[0]);
    return result;
}

static int
new_key(gnutls_x509_privkey_t *key)
{
    int result = gnutls_x509_privkey_init(key);

    if (result < 0)
        return result;
    return gnutls_x509_privkey_generate(
        *key, GNUTLS_PK_ECDSA,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

static int
set_names(gnutls_x509_crt_t certificate, const struct wish *wish)
{
    static const unsigned char loopback[] = {127, 0, 0, 1};
    int result;

    result = gnutls_x509_crt_set_dn_by_oid(
        certificate, GNUTLS_OID_X520_COMMON_NAME, 0, wish->name,
        (unsigned)strlen(wish->name));
    if (result < 0 || wish->is_ca)
        return result;
    result = gnutls_x509_crt_set_subject_alt_name(
        certificate, GNUTLS_SAN_DNSNAME, wish->name,
        (unsigned)strlen(wish->name), GNUTLS_FSAN_SET);
    if (result < 0 || !wish->with_address)
        return result;
    return gnutls_x509_crt_set_subject_alt_name(
        certificate, GNUTLS_SAN_IPADDRESS, loopback, sizeof(loopback),
        GNUTLS_FSAN_APPEND);
}

static int
set_identity(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
    unsigned char serial[16];
    unsigned char id[64];
    size_t size = sizeof(id);
    int result;

    secret_bytes(serial, sizeof(serial));
    serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40);
    result = gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
    if (result >= 0)
        result = gnutls_x509_crt_set_key(certificate, key);
    if (result >= 0)
        result = gnutls_x509_crt_get_key_id(certificate, 0, id, &size);
    if (result >= 0)
        result = gnutls_x509_crt_set_subject_key_id(certificate, id,
                                                    size > 20 ? 20 : size);
    return result;
}

static int
set_use(gnutls_x509_crt_t certificate, const struct wish *wish)
{
    int result =
        gnutls_x509_crt_set_basic_constraints(certificate, wish->is_ca, -1);

    if (result >= 0)
        result = gnutls_x509_crt_set_key_usage(
            certificate, wish->is_ca ? GNUTLS_KEY_KEY_CERT_SIGN
                                     : GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (result >= 0 && !wish->is_ca)
        result = gnutls_x509_crt_set_key_purpose_oid(
            certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
    return result;
}

static int
set_times(gnutls_x509_crt_t certificate, const struct wish *wish)
{
    time_t now = time(NULL);
    int result =
        gnutls_x509_crt_set_activation_time(certificate, now + wish->from);

    if (result < 0)
        return result;
    return gnutls_x509_crt_set_expiration_time(certificate, now + wish->to);
}

/* Makes a certificate for key, signed by ca, or by itself when ca is NULL. */
static int
sign(const struct wish *wish, gnutls_x509_privkey_t key, const struct ca *ca,
     gnutls_x509_crt_t *out)
{
    int result = gnutls_x509_crt_init(out);

    if (result >= 0)
        result = gnutls_x509_crt_set_version(*out, 3);
    if (result >= 0)
        result = set_identity(*out, key);
    if (result >= 0)
        result = set_names(*out, wish);
    if (result >= 0)
        result = set_use(*out, wish);
    if (result >= 0)
        result = set_times(*out, wish);
    if (result >= 0)
        result =
            gnutls_x509_crt_sign2(*out, ca ? ca->certificate : *out,
                                  ca ? ca->key : key, GNUTLS_DIG_SHA256, 0);
    return result;
}

static int
new_ca(const char *name, struct ca *out)
{
    const struct wish wish = {
        .name = name, .is_ca = true, .from = -LONG, .to = LONG};
    int result = new_key(&out->key);

    return result < 0 ? result
                      : sign(&wish, out->key, NULL, &out->certificate);
}

static char *
copy(gnutls_datum_t *pem)
{
    char *text = memory_format("%.*s", (int)pem->size, (char *)pem->data);

    gnutls_free(pem->data);
    return text;
}

static int
export_certificate(gnutls_x509_crt_t certificate, char **out)
{
    gnutls_datum_t pem = {0};
    int result =
        gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem);

    if (result >= 0)
        *out = copy(&pem);
    return result;
}

static int
new_pair(const struct wish *wish, const struct ca *ca, struct tls_pair *out)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t pem = {0};
    int result = new_key(&key);

    if (result >= 0)
        result = sign(wish, key, ca, &certificate);
    if (result >= 0)
        result = export_certificate(certificate, &out->certificate);
    if (result >= 0)
        result = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
    if (result >= 0)
        out->key = copy(&pem);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
    return result;
}

static int
new_pairs(const struct ca *known, const struct ca *unknown, struct tls *tls)
{
    const struct wish good = {"localhost", false, true, -LONG, LONG};
    const struct wish expired = {"localhost", false, true, -LONG, -DAY};
    const struct wish other = {"other.invalid", false, false, -LONG, LONG};
    int result = new_pair(&good, known, &tls->good);

    if (result >= 0)
        result = new_pair(&expired, known, &tls->expired);
    if (result >= 0)
        result = new_pair(&other, known, &tls->wrong_host);
    if (result >= 0)
        result = new_pair(&good, unknown, &tls->unknown);
    return result;
}

static void
release_ca(struct ca *ca)
{
    gnutls_x509_crt_deinit(ca->certificate);
    gnutls_x509_privkey_deinit(ca->key);
}

const char *
tls_make(struct tls *tls)
{
    struct ca known = {0};
    struct ca unknown = {0};
    int result = new_ca(CA_NAME, &known);

    if (result >= 0)
        result = new_ca(UNKNOWN_NAME, &unknown);
    if (result >= 0)
        result = export_certificate(known.certificate, &tls->authority);
    if (result >= 0)
        result = name_hash(CA_NAME, tls->authority_hash);
    if (result >= 0)
        result = new_pairs(&known, &unknown, tls);
    release_ca(&known);
    release_ca(&unknown);
    return result < 0 ? gnutls_strerror(result) : NULL;
}

static void
release_pair(struct tls_pair *pair)
{
    free(pair->certificate);
    free(pair->key);
}

void
tls_release(struct tls *tls)
{
    release_pair(&tls->good);
    release_pair(&tls->expired);
    release_pair(&tls->wrong_host);
    release_pair(&tls->unknown);
    free(tls->authority);
    memset(tls, 0, sizeof(*tls));
}
