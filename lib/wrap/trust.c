#include "lib/wrap/trust.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* "c_rehash" names the certificates of a folder by a hash: 8 digits, a dot,
 * a number. */
static bool
trust_is_hash_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
           name[9] >= '0' && name[9] <= '9';
}

static bool
trust_is_hashed_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool found = false;

    if (!folder)
        return false;
    while (!found && (entry = readdir(folder)))
        found = trust_is_hash_name(entry->d_name);
    closedir(folder);
    return found;
}

const char *
trust_find_folder(void)
{
    static const char *const places[] = {
        "/etc/ssl/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash",
        "/etc/pki/tls/certs", "/etc/openssl/certs"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (trust_is_hashed_folder(places[i]))
            return places[i];
    return NULL;
}

const char *
trust_find_bundle(void)
{
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}
