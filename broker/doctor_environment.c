/*
 * doctor_environment.c - the API key in the environment, and the pieces that
 * put it there.
 */
#include "broker/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct record *
environment_selected(const struct doctor *d)
{
    return d->has_store ? store_find(&d->b->credential.store,
                                     provider_parallel_name, NULL, NULL)
                        : NULL;
}

void
doctor_environment(struct doctor *d)
{
    const char *key = getenv("PARALLEL_API_KEY");
    const char *id = getenv("PARALLEL_CREDENTIAL_KEY_ID");
    const struct record *r = environment_selected(d);
    bool stored = r && !secret_is_empty(&r->api_key);

    if (!key || !*key) {
        doctor_tell(d, DOCTOR_OK, "environment.key",
                    "PARALLEL_API_KEY is not set");
    } else if (stored && secret_equals(&r->api_key, key)) {
        doctor_tell(d, DOCTOR_OK, "environment.key",
                    "PARALLEL_API_KEY is the stored key");
    } else if (id && *id) {
        doctor_advise(d, "log in anew, or: eval \"$(parallel-credential "
                         "env)\"");
        doctor_tell(d, DOCTOR_WARNING, "environment.key",
                    "PARALLEL_API_KEY was put there by us, and is not the "
                    "stored key any more");
    } else if (stored) {
        doctor_advise(d, "if that is not meant: unset PARALLEL_API_KEY, and "
                         "take it out of your shell's files");
        doctor_tell(d, DOCTOR_WARNING, "environment.key",
                    "PARALLEL_API_KEY is a key of your own, and counts "
                    "instead of the stored one");
    } else {
        doctor_tell(d, DOCTOR_OK, "environment.key",
                    "PARALLEL_API_KEY is a key of your own");
    }
}

/* What puts the key into sessions, where an administrator has installed it:
 * root, or the person, runs it. */
static const char *const shell_pieces[] = {
    "/etc/profile.d/parallel-credential.sh",
    "/etc/profile.d/parallel-credential.csh",
    "/usr/share/fish/vendor_conf.d/parallel-credential.fish",
    "/etc/fish/conf.d/parallel-credential.fish",
    "/usr/lib/systemd/user-environment-generators/60-parallel-credential",
    "/etc/systemd/user-environment-generators/60-parallel-credential",
};

void
doctor_shell(struct doctor *d)
{
    bool good = true;
    size_t count = 0;

    for (size_t i = 0; i < sizeof shell_pieces / sizeof *shell_pieces; i++) {
        const char *path = shell_pieces[i];

        if (access(path, F_OK) < 0)
            continue;
        count++;
        if (!doctor_check_system_file(d, "shell.piece", "the file", path)) {
            good = false;
        } else if (access(path, R_OK) < 0 ||
                   (strstr(path, "generators") && access(path, X_OK) < 0)) {
            good = false;
            doctor_advise(d, "as root: chmod 755 %s", path);
            doctor_tell(d, DOCTOR_WRONG, "shell.piece",
                        "the file %s cannot be %s", path,
                        access(path, R_OK) < 0 ? "read" : "run");
        }
    }
    if (good && count)
        doctor_tell(d, DOCTOR_OK, "shell.piece",
                    "%zu %s the key into sessions%s", count,
                    count == 1 ? "file puts" : "files put",
                    d->b->config.export_environment
                        ? ""
                        : ", but export_environment is no");
    else if (good)
        doctor_tell(d, DOCTOR_OK, "shell.piece",
                    "no shell and no user manager gets the key by itself");
}
