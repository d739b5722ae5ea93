#include "broker/broker.h"

#include <string.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

static char help_text[] =
    "parallel-credential - Parallel credentials for every process\n"
    "\n"
    "  parallel-credential login [--device | --web] [--json] [--no-browser]\n"
    "                            [--wait SECONDS] [--scope SCOPES] [--debug]\n"
    "                            sign in: approve once, on any device; or in\n"
    "                            a browser of this machine, for an API key\n"
    "  parallel-credential status [--json | --news]\n"
    "                            who is signed in, until when\n"
    "  parallel-credential logout [--all]     revoke and forget\n"
    "\n"
    "  parallel-credential token [--api-key] [--min-ttl SECONDS]\n"
    "                            the credential, on one line\n"
    "  parallel-credential token --exec-credential [--api-key]\n"
    "                            the same for Kubernetes' clients\n"
    "  parallel-credential header [--api-key]\n"
    "                            the same as an HTTP header: curl -H @-\n"
    "  parallel-credential env [--sh | --csh | --fish | --plain]\n"
    "                            the API key for a shell: eval \"$(...)\"\n"
    "  parallel-credential exec [--] COMMAND ...\n"
    "                            run it with the API key and a fresh token\n"
    "  parallel-credential refresh [--all] [--if-due | --keep-alive]\n"
    "                            renew the access token now\n"
    "  parallel-credential use ORGANIZATION   the one that counts from now "
    "on\n"
    "  parallel-credential apps [list | create NAME | delete ID] [--json]\n"
    "  parallel-credential keys [list-ours | create NAME | delete ID]\n"
    "                            [--app ID] [--json]\n"
    "                            API keys, and the apps they belong to\n"
    "  parallel-credential balance [--json]   what is left to spend\n"
    "  parallel-credential import-parallel-cli | export-parallel-cli\n"
    "                            the API key from, and to, parallel-cli\n"
    "  parallel-credential move-store secret-service | file\n"
    "                            keep the credential there from now on\n"
    "\n"
    "  parallel-credential get | store | erase | capability\n"
    "                            git's credential protocol; with\n"
    "                            --any-host also for any other host\n"
    "  parallel-credential configure-git [--unset]\n"
    "                            [--global | --local | --system | --file F]\n"
    "                            let git ask us, for Parallel's addresses\n"
    "  docker-credential-parallel get | store | erase | list | version\n"
    "                            docker's, for any registry\n"
    "  parallel-credential config [--json]    every setting, and its origin\n"
    "  parallel-credential doctor [--json] [--offline]\n"
    "                            what is wrong, and how to mend it\n"
    "  parallel-credential help | --version\n"
    "\n"
    "Every command takes --org ID, --issuer ADDRESS, --provider NAME and "
    "--quiet.\n"
    "Exit: 0 ok, 2 bad input, 3 not signed in or refused, 4 service or store\n"
    "failed, 5 nobody approved in time, 130 interrupted.\n"
    "More: man parallel-credential\n";

static char help_version[] = PACKAGE_NAME " " PACKAGE_VERSION "\n";

static int
help_print(char *text, size_t len, struct error *err)
{
    const struct secret line = {text, len, 0};

    return broker_print(&line, err);
}

/* The front answers this, unless there is an option to be looked at. */
int
broker_capability(struct broker *b, int *status, struct error *err)
{
    static char text[] = "version 0\ncapability authtype\n";

    (void)b;
    (void)status;
    return help_print(text, strlen(text), err);
}

int
broker_help(struct broker *b, int *status, struct error *err)
{
    (void)b;
    (void)status;
    return help_print(help_text, strlen(help_text), err);
}

int
broker_version(struct broker *b, int *status, struct error *err)
{
    (void)b;
    (void)status;
    return help_print(help_version, strlen(help_version), err);
}
