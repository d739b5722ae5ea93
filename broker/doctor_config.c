/*
 * doctor_config.c - the configuration: every mistake in it. What is right in
 * it holds for all that is checked behind it.
 */
#include "broker/doctor.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/oauth/provider.h"

struct config_findings {
    struct doctor *d;
    size_t count;
};

static void
config_hear(void *context, const struct error *mistake)
{
    struct config_findings *findings = context;

    findings->count++;
    doctor_advise(findings->d, "mend that line: man parallel-credential.conf");
    if (strstr(mistake->text, "mend it with:") ||
        strstr(mistake->text, "belongs to uid"))
        doctor_advise(findings->d, "give it to root or to yourself, and let "
                                   "nobody else write it");
    doctor_tell(findings->d, DOCTOR_WRONG, "config.file", "%s", mistake->text);
}

/* The files with the secrets of clients. */
static void
config_check_secrets(struct doctor *d)
{
    for (size_t i = 0; i < d->b->config.provider_count; i++) {
        CLEANUP(provider_release) struct provider provider = {0};
        const struct provider_settings *settings =
            &d->b->config.provider[i].settings;
        struct error trouble = ERROR_INIT;

        if (provider_init_settings(&provider, settings, &trouble) < 0 ||
            config_read_client_secret(&provider, &trouble) == 0)
            continue;
        doctor_advise(d, "see client_secret_file in: man "
                         "parallel-credential.conf");
        doctor_tell(d, DOCTOR_WRONG, "config.secret", "%s", trouble.text);
    }
}

static size_t
config_count_files(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->seen_count; i++)
        count += config->seen[i].present && S_ISREG(config->seen[i].st.st_mode)
                     ? 1
                     : 0;
    return count;
}

void
doctor_config(struct doctor *d)
{
    struct config_findings findings = {.d = d};
    const struct config_audit audit = {config_hear, &findings};
    const struct credential_choice choice = {d->b->provider, d->b->org,
                                             d->b->issuer, true};
    struct error trouble = ERROR_INIT;
    size_t files;

    if (config_audit(&d->b->config, SYSTEM_CONFIGURATION, &d->b->place, &audit,
                     &trouble) < 0) {
        doctor_tell(d, DOCTOR_WRONG, "config.file", "%s", trouble.text);
        return;
    }
    d->b->is_open = true;
    d->has_config = findings.count == 0;
    files = config_count_files(&d->b->config);
    if (d->has_config && files)
        doctor_tell(d, DOCTOR_OK, "config.file", "nothing is wrong in %zu %s",
                    files, files == 1 ? "file" : "files");
    else if (d->has_config)
        doctor_tell(d, DOCTOR_OK, "config.file",
                    "there is none, and none is needed");
    config_check_secrets(d);
    /* Even if it cannot be opened, it can be closed. */
    credential_open(&d->b->credential, &d->b->config, &d->b->place, &choice,
                    -1, &trouble);
}
