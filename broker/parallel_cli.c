/*
 * parallel_cli.c - side by side with parallel-cli: import-parallel-cli,
 * export-parallel-cli.
 *
 * It keeps HOME/.config/parallel-web-tools/auth.json, without a lock, and
 * never forgets the tokens in there. So only API keys pass between the two: a
 * refresh token that two programs know is one that either can spend.
 */
#include "broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/manager.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/wrap/json_text.h"

#define CLI_FOLDER  "/.config/parallel-web-tools"
#define CLI_FILE    "auth.json"
#define CLI_MAX     (1024 * 1024)
#define CLI_KEY_MAX 8192
#define CLI_ID_MAX  256

struct cli {
    char shown[PATH_MAX]; /* its folder */
    int folder;           /* -1: there is none */
    struct json *json;    /* its file; NULL: there is none */
};

#define CLI_INIT                                                              \
    {                                                                         \
        "", -1, NULL                                                          \
    }

static void
cli_release(struct cli *cli)
{
    json_free(cli->json);
    if (cli->folder >= 0)
        close(cli->folder);
}

/* Its folder need not be private, as ours are; but nobody else may put files
 * there. */
static int
cli_open_folder(struct cli *cli, bool create, struct error *err)
{
    struct stat st;

    cli->folder =
        open(cli->shown, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (cli->folder < 0 && errno == ENOENT) {
        if (create &&
            file_open_folder(cli->shown, true, &cli->folder, err) != FILE_OK)
            return -1;
        return 0;
    }
    if (cli->folder < 0 && (errno == ELOOP || errno == ENOTDIR))
        return error_set(err, FAIL_SERVICE, "parallel_cli",
                         "%s is a link or a file where the folder of "
                         "parallel-cli should be",
                         cli->shown);
    if (cli->folder < 0 || fstat(cli->folder, &st) < 0)
        return error_errno(err, FAIL_SERVICE, "parallel_cli",
                           "cannot open the folder %s", cli->shown);
    if (st.st_uid != geteuid() || (st.st_mode & 022))
        return error_set(
            err, FAIL_SERVICE, "parallel_cli", "the folder %s %s", cli->shown,
            st.st_uid != geteuid() ? "belongs to somebody else"
                                   : "can be written by others; close it with "
                                     "chmod 700");
    return 0;
}

/* Read what is there. That there is nothing is fine. */
static int
cli_open(struct cli *cli, const struct broker *b, bool create,
         struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    int64_t version = 1;

    snprintf(cli->shown, sizeof cli->shown, "%s" CLI_FOLDER, b->place.home);
    if (cli_open_folder(cli, create, err) < 0)
        return -1;
    if (cli->folder < 0)
        return 0;
    switch (file_read(cli->folder, cli->shown, CLI_FILE, CLI_MAX, &text, NULL,
                      err)) {
    case FILE_FAILED:
        return -1;
    case FILE_ABSENT:
        return 0;
    case FILE_OK:
        break;
    }
    /* What is in there is written back. */
    if (json_text_has_half(secret_text(&text), text.len))
        return error_set(err, FAIL_SERVICE, "parallel_cli",
                         "%s/%s: half of a character (\\uD800 to \\uDFFF "
                         "alone) is in it, which cannot be kept; nothing was "
                         "changed",
                         cli->shown, CLI_FILE);
    if (json_parse(secret_text(&text), text.len, &cli->json, err) < 0)
        return error_context(err, "%s/%s", cli->shown, CLI_FILE);
    if (json_has(cli->json, "version") &&
        (!json_number(cli->json, "version", &version) || version != 1))
        return error_set(err, FAIL_SERVICE, "parallel_cli",
                         "%s/%s is of a version that is not known here; "
                         "nothing was changed",
                         cli->shown, CLI_FILE);
    return 0;
}

/* ---- import
 * ----------------------------------------------------------------- */

/* Whether a name can be kept and shown as it is. */
static bool
cli_is_name(const char *text)
{
    char shown[CLI_ID_MAX + 4];

    return text && *text && strlen(text) <= CLI_ID_MAX &&
           strcmp(text_show(shown, sizeof shown, text), text) == 0;
}

/* An API key is of visible ASCII, and of those few thousand at most. */
static bool
cli_is_key(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return len > 0 && len <= CLI_KEY_MAX;
}

static int
cli_nothing(const struct cli *cli, const char *what, struct error *err)
{
    return error_set(err, FAIL_AUTH, "parallel_cli",
                     "there is nothing to import: %s/%s %s", cli->shown,
                     CLI_FILE, what);
}

static int
cli_import(struct broker *b, const struct cli *cli, struct error *err)
{
    const char *id = b->org ? b->org : json_text(cli->json, "selected_org_id");
    const struct json *org;
    const char *name, *key;
    char shown[CLI_ID_MAX + 4];
    int result;

    if (!id)
        return cli_nothing(cli, "has no organization selected", err);
    org = json_object_at(json_object_at(cli->json, "orgs"), id);
    if (!org || !json_has(org, "api_key"))
        return cli_nothing(cli, "has no API key of the organization", err);
    key = json_text(org, "api_key");
    name = json_text(org, "org_name");
    if (!cli_is_name(id) || !cli_is_key(key))
        return error_set(err, FAIL_SERVICE, "parallel_cli",
                         "%s/%s has something in it that is no organization "
                         "or no API key; nothing was imported",
                         cli->shown, CLI_FILE);
    result = credential_import_key(&b->credential, id,
                                   cli_is_name(name) ? name : NULL, key, err);
    if (result < 0)
        return -1;
    manager_settle(b);
    broker_say(b, "the API key of parallel-cli for %s %s",
               text_show(shown, sizeof shown, cli_is_name(name) ? name : id),
               result ? "is stored here, too" : "was stored here before");
    return 0;
}

int
broker_import_parallel_cli(struct broker *b, int *status, struct error *err)
{
    CLEANUP(cli_release) struct cli cli = CLI_INIT;

    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    if (!provider_is_builtin(b->provider))
        return error_set(err, FAIL_INPUT, "usage",
                         "the key of parallel-cli is Parallel's, not %s's",
                         b->provider);
    if (cli_open(&cli, b, false, err) < 0)
        return -1;
    if (!cli.json)
        return cli_nothing(&cli, "is not there", err);
    return cli_import(b, &cli, err);
}

/* ---- export
 * ----------------------------------------------------------------- */

/* Put the record into what was read. */
static int
cli_put(struct cli *cli, const struct record *r, struct error *err)
{
    struct json *orgs, *org;
    bool fresh;

    if (!cli->json) {
        cli->json = json_new_object();
        json_put_number(cli->json, "version", 1);
    }
    if (!json_has(cli->json, "selected_org_id"))
        json_put_text(cli->json, "selected_org_id", r->org_id);
    orgs = json_edit_object(cli->json, "orgs");
    fresh = orgs && !json_has(orgs, r->org_id);
    org = orgs ? json_edit_object(orgs, r->org_id) : NULL;
    if (!org)
        return error_set(err, FAIL_SERVICE, "parallel_cli",
                         "%s/%s is not of the form that parallel-cli writes; "
                         "nothing was changed",
                         cli->shown, CLI_FILE);
    json_put_text(org, "api_key", secret_text(&r->api_key));
    if (*r->org_name || fresh)
        json_put_text(org, "org_name", r->org_name);
    if (fresh)
        json_put_null(org, "control_api");
    return 0;
}

static int
cli_write(const struct cli *cli, struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct file_draft draft = FILE_DRAFT_INIT;
    int result;

    if (json_write(cli->json, true, &text) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    result = file_draft_open(&draft, cli->folder, cli->shown, CLI_FILE, 0,
                             true, err);
    if (result == 0)
        result = file_draft_commit(&draft, text.data, text.len, err);
    file_draft_discard(&draft);
    return result;
}

static void
cli_say_exported(const struct broker *b, const struct cli *cli,
                 const struct record *r)
{
    const char *selected = json_text(cli->json, "selected_org_id");
    char shown[CLI_ID_MAX + 4];

    text_show(shown, sizeof shown, *r->org_name ? r->org_name : r->org_id);
    broker_say(b, "parallel-cli has the API key for %s now", shown);
    if (!selected || strcmp(selected, r->org_id) != 0)
        broker_say(b, "it has another organization selected, and still uses "
                      "that");
}

int
broker_export_parallel_cli(struct broker *b, int *status, struct error *err)
{
    CLEANUP(cli_release) struct cli cli = CLI_INIT;
    struct record *r = NULL;

    (void)status;
    if (broker_open(b, err) < 0 ||
        credential_key(&b->credential, &r, err) != CREDENTIAL_OK)
        return -1;
    if (!*r->org_id)
        return error_set(err, FAIL_AUTH, "not_signed_in",
                         "the API key was stored by hand, and its "
                         "organization is not known; run: "
                         "parallel-credential login");
    if (cli_open(&cli, b, true, err) < 0 || cli_put(&cli, r, err) < 0 ||
        cli_write(&cli, err) < 0)
        return -1;
    cli_say_exported(b, &cli, r);
    return 0;
}
