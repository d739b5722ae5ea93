/*
 * doctor_git.c - whom git asks about our addresses, and whom it tells.
 *
 * git asks its helpers in the order of its configuration until one has
 * answered, and then tells every one of them what has worked: a helper that
 * keeps passwords also keeps ours, beside us or after us.
 */
#include "broker/doctor.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/git.h"
#include "lib/base/cleanup.h"
#include "lib/base/shell.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#define GIT_CHAIN         32
#define GIT_HELPER_PREFIX "git-credential-"

/* Who keeps what git tells. */
static const char git_keepers[] =
    "cache store libsecret gnome-keyring manager manager-core wincred "
    "osxkeychain netrc keychain";

struct git_chain {
    const char *item[GIT_CHAIN]; /* points into what git has printed */
    size_t count;
};

/* Whether "credential.URL.helper" is about origin. */
static bool
git_is_about(const char *key, const char *origin)
{
    static const char head[] = "credential.", tail[] = ".helper";
    size_t len = strlen(key);
    char address[URL_TEXT_SIZE], found[URL_ORIGIN_SIZE];
    struct url url;

    if (strcmp(key, "credential.helper") == 0)
        return true;
    if (len < sizeof head + sizeof tail ||
        len - (sizeof head - 1) - (sizeof tail - 1) >= sizeof address)
        return false;
    len -= sizeof head - 1 + sizeof tail - 1;
    memcpy(address, key + sizeof head - 1, len);
    address[len] = '\0';
    if (url_parse(&url, address, NULL) < 0)
        return false;
    url_origin(&url, found);
    return strcmp(found, origin) == 0;
}

/* text: "KEY LF VALUE NUL", one after the other. An empty value begins anew.
 */
static void
git_read_chain(struct git_chain *chain, struct secret *text,
               const char *origin)
{
    char *next = text->data, *end = text->data + text->len;

    chain->count = 0;
    while (next && next < end) {
        size_t len = strlen(next);
        char *value = strchr(next, '\n');

        if (value)
            *value = '\0';
        if (value && git_is_about(next, origin)) {
            if (!value[1])
                chain->count = 0;
            else if (chain->count < GIT_CHAIN)
                chain->item[chain->count++] = value + 1;
        }
        if (value)
            *value = '\n';
        next += len + 1;
    }
}

/* Our own, by a path that nobody has quoted as it should be. */
static bool
git_is_ours_unquoted(const char *helper)
{
    static const char tail[] = "/" GIT_HELPER_PREFIX "parallel";
    size_t len = strlen(helper);

    return *helper == '/' && len >= sizeof tail - 1 &&
           strcmp(helper + len - (sizeof tail - 1), tail) == 0;
}

/* The program of a helper, without its folder: "store" for "store --file X",
 * "parallel" for our own in any shape. A command for the shell may have
 * anything in it, so it is not shown. */
static const char *
git_name(char *out, size_t size, const char *helper)
{
    char program[PATH_MAX];
    const char *start;

    if (git_is_ours_unquoted(helper) ||
        (*helper == '!' && (strstr(helper, "parallel-credential") ||
                            strstr(helper, GIT_HELPER_PREFIX "parallel")))) {
        snprintf(out, size, "parallel");
        return out;
    }
    if (*helper == '!') {
        snprintf(out, size, "a shell command");
        return out;
    }
    shell_first_word(program, sizeof program, helper);
    start = strrchr(program, '/') ? strrchr(program, '/') + 1 : program;
    if (text_starts_with(start, GIT_HELPER_PREFIX))
        start += sizeof GIT_HELPER_PREFIX - 1;
    text_put(out, size, 0, start);
    return out;
}

/* Whether git will find it. */
static bool
git_can_run(const char *helper)
{
    char program[PATH_MAX];
    cleanup_free char *name = NULL, *found = NULL;

    if (*helper == '!')
        return true;
    shell_first_word(program, sizeof program, helper);
    if (*helper == '/')
        return access(program, X_OK) == 0;
    if (asprintf(&name, GIT_HELPER_PREFIX "%s", program) < 0)
        name = NULL;
    found = name ? doctor_find_program(name) : NULL;
    return found != NULL;
}

static void
git_check_keepers(struct doctor *d, const struct git_chain *chain, size_t ours,
                  const char *origin)
{
    char name[64];

    for (size_t i = 0; i < chain->count; i++) {
        git_name(name, sizeof name, chain->item[i]);
        if (i == ours || !text_has_word(git_keepers, name))
            continue;
        doctor_advise(d, "parallel-credential configure-git --unset; "
                         "parallel-credential configure-git");
        doctor_tell(d, DOCTOR_WARNING, "git.other",
                    "git also tells its helper \"%s\", %s us, about %s: it "
                    "keeps a copy of our tokens",
                    name, i < ours ? "before" : "behind", origin);
    }
}

/* 1: we are asked. */
static int
git_check_origin(struct doctor *d, struct secret *text, const char *address)
{
    struct git_chain chain;
    char origin[URL_ORIGIN_SIZE], name[64];
    size_t ours = 0;
    struct url url;

    if (url_parse(&url, address, NULL) < 0)
        return 0;
    url_origin(&url, origin);
    git_read_chain(&chain, text, origin);
    while (ours < chain.count &&
           strcmp(git_name(name, sizeof name, chain.item[ours]), "parallel") !=
               0)
        ours++;
    if (ours == chain.count)
        return 0;
    if (!git_can_run(chain.item[ours])) {
        doctor_advise(d, "parallel-credential configure-git");
        doctor_tell(d, DOCTOR_WRONG, "git.helper",
                    "git cannot run the helper that it has for %s: %.300s",
                    origin,
                    *chain.item[ours] == '/' ? chain.item[ours]
                                             : "git-credential-parallel");
        return 1;
    }
    git_check_keepers(d, &chain, ours, origin);
    return 1;
}

void
doctor_git(struct doctor *d)
{
    static char *const argv[] = {(char *)"git",
                                 (char *)"config",
                                 (char *)"--null",
                                 (char *)"--get-regexp",
                                 (char *)"^credential\\.(.*\\.)?helper$",
                                 NULL};
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    size_t before = d->count[DOCTOR_WARNING] + d->count[DOCTOR_WRONG];
    struct error trouble = ERROR_INIT;
    const struct config *config = &d->b->config;
    cleanup_free char *git = doctor_find_program("git");
    int status, asked;

    if (!git) {
        doctor_tell(d, DOCTOR_OK, "git.helper", "git is not installed");
        return;
    }
    status = git_run(argv, &text, &trouble);
    if (status < 0 || status > 1) {
        doctor_advise(d, "git config --list shows what is wrong");
        doctor_tell(d, DOCTOR_WARNING, "git.helper",
                    "git cannot read its configuration");
        return;
    }
    asked = git_check_origin(d, &text, config->platform_url);
    if (strcmp(config->service_api_url, config->api_url) != 0)
        asked += git_check_origin(d, &text, config->service_api_url);
    asked += git_check_origin(d, &text, config->api_url);
    if (before != d->count[DOCTOR_WARNING] + d->count[DOCTOR_WRONG])
        return;
    doctor_tell(d, DOCTOR_OK, "git.helper",
                asked ? "git asks us about Parallel's addresses"
                      : "git does not ask us (parallel-credential "
                        "configure-git would change that)");
}
