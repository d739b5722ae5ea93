#include "broker/broker.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/manager.h"
#include "lib/base/cleanup.h"
#include "lib/base/docker.h"
#include "lib/base/journal.h"
#include "lib/base/text.h"
#include "lib/permit.h"
#include "lib/wrap/http.h"

struct verb {
    const char *name;
    int (*run)(struct broker *b, int *status, struct error *err);
    const char *options; /* the names of those it takes, beside the common */
    int operands;        /* how many further words it takes */
};

/* Sorted. */
static const struct verb broker_verbs[] = {
    {"apps", broker_apps, "json", 2},
    {"balance", broker_balance, "json", 0},
    {"capability", broker_capability, "any-host", 0},
    {"config", broker_config, "json", 0},
    {"configure-git", broker_configure_git, "file global local system unset",
     0},
    {"doctor", broker_doctor, "json offline", 0},
    {"env", broker_env, "csh fish plain session sh", 0},
    {"erase", broker_erase, "any-host", 0},
    {"exec", broker_exec, "", 0},
    {"export-parallel-cli", broker_export_parallel_cli, "", 0},
    {"get", broker_get, "any-host", 0},
    {"header", broker_header, "api-key", 0},
    {"help", broker_help, "", 9},
    {"import-parallel-cli", broker_import_parallel_cli, "", 0},
    {"keys", broker_keys, "app json", 2},
    {"lease", broker_lease, "if-due", 0},
    {"login", broker_login, "debug device json no-browser scope wait web", 0},
    {"logout", broker_logout, "all", 0},
    {"move-store", broker_move_store, "", 1},
    {"refresh", broker_refresh, "all if-due keep-alive", 0},
    {"session-end", broker_session_end, "retry", 0},
    {"session-open", broker_session_open, "qr silent ssh wait", 2},
    {"session-poll", broker_session_poll, "polling", 0},
    {"session-show", broker_session_show, "", 0},
    {"status", broker_status, "json news", 0},
    {"store", broker_store, "any-host", 0},
    {"token", broker_token, "api-key exec-credential min-ttl", 0},
    {"use", broker_use, "", 1},
    {"version", broker_version, "", 0},
};

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_SECONDS, OPTION_NUMBER };

struct option {
    const char *name;
    enum option_type type;
    size_t offset;
    bool common; /* every verb takes it */
};

#define AT(member) offsetof(struct broker, member)

/* Sorted. */
static const struct option broker_options[] = {
    {"all", OPTION_FLAG, AT(all), false},
    {"any-host", OPTION_FLAG, AT(any_host), false},
    {"api-key", OPTION_FLAG, AT(api_key), false},
    {"app", OPTION_TEXT, AT(app), false},
    {"csh", OPTION_FLAG, AT(csh), false},
    {"debug", OPTION_FLAG, AT(debug), false},
    {"device", OPTION_FLAG, AT(device), false},
    {"exec-credential", OPTION_FLAG, AT(exec_credential), false},
    {"file", OPTION_TEXT, AT(git_file), false},
    {"fish", OPTION_FLAG, AT(fish), false},
    {"global", OPTION_FLAG, AT(git_global), false},
    {"if-due", OPTION_FLAG, AT(if_due), false},
    {"issuer", OPTION_TEXT, AT(issuer), true},
    {"json", OPTION_FLAG, AT(json), false},
    {"keep-alive", OPTION_FLAG, AT(keep_alive), false},
    {"local", OPTION_FLAG, AT(git_local), false},
    {"min-ttl", OPTION_SECONDS, AT(min_ttl), false},
    {"news", OPTION_FLAG, AT(news), false},
    {"no-browser", OPTION_FLAG, AT(no_browser), false},
    {"offline", OPTION_FLAG, AT(offline), false},
    {"org", OPTION_TEXT, AT(org), true},
    {"plain", OPTION_FLAG, AT(plain), false},
    {"polling", OPTION_NUMBER, AT(polling), false},
    {"provider", OPTION_TEXT, AT(provider), true},
    {"qr", OPTION_FLAG, AT(qr), false},
    {"quiet", OPTION_FLAG, AT(quiet), true},
    {"renewing", OPTION_NUMBER, AT(renewing), true},
    {"retry", OPTION_FLAG, AT(retry), false},
    {"scope", OPTION_TEXT, AT(scope), false},
    {"session", OPTION_FLAG, AT(session), false},
    {"sh", OPTION_FLAG, AT(sh), false},
    {"silent", OPTION_FLAG, AT(silent), false},
    {"ssh", OPTION_FLAG, AT(ssh), false},
    {"system", OPTION_FLAG, AT(git_system), false},
    {"unset", OPTION_FLAG, AT(git_unset), false},
    {"wait", OPTION_SECONDS, AT(wait), false},
    {"web", OPTION_FLAG, AT(web), false},
};

#define COUNT(table) (sizeof table / sizeof *table)

static const struct verb *
broker_find_verb(const char *name)
{
    for (size_t i = 0; i < COUNT(broker_verbs); i++)
        if (strcmp(broker_verbs[i].name, name) == 0)
            return &broker_verbs[i];
    return NULL;
}

static const struct option *
broker_find_option(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(broker_options); i++)
        if (strlen(broker_options[i].name) == len &&
            memcmp(broker_options[i].name, name, len) == 0)
            return &broker_options[i];
    return NULL;
}

static int
broker_bad_option(struct error *err, const char *arg, const char *what)
{
    char shown[80];

    text_show(shown, sizeof shown, arg);
    return error_set(err, FAIL_INPUT, "usage",
                     "%s: %s (see: parallel-credential help)", shown, what);
}

static int
broker_set_option(struct broker *b, const struct option *option,
                  const char *arg, const char *value, struct error *err)
{
    void *slot = (char *)b + option->offset;
    int64_t number;

    switch (option->type) {
    case OPTION_FLAG:
        *(bool *)slot = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)slot = value;
        return 0;
    case OPTION_SECONDS:
    case OPTION_NUMBER:
        if (text_to_number(value, 1000000000, &number) < 0)
            return broker_bad_option(err, arg, "a whole number is needed");
        *(int64_t *)slot =
            number * (option->type == OPTION_SECONDS ? 1000 : 1);
        return 0;
    }
    return -1;
}

/* One option at **arg, which moves on if the value is a word of its own.
 * given[] remembers it, to be checked against the verb. */
static int
broker_parse_option(struct broker *b, char ***arg, bool *given,
                    struct error *err)
{
    const char *name = **arg + 2;
    size_t len = strcspn(name, "=");
    const struct option *option = NULL;
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const char *shown = **arg;

    if (strncmp(**arg, "--", 2) == 0)
        option = broker_find_option(name, len);
    if (!option)
        return broker_bad_option(err, shown, "there is no such option");
    if (option->type == OPTION_FLAG && value)
        return broker_bad_option(err, shown, "takes no value");
    if (option->type != OPTION_FLAG && !value) {
        value = (*arg)[1];
        if (!value)
            return broker_bad_option(err, shown, "a value is missing");
        ++*arg;
    }
    given[option - broker_options] = true;
    return broker_set_option(b, option, shown, value, err);
}

/* Of each of these only one makes sense. */
static const char *const broker_either[] = {"csh fish plain sh",
                                            "if-due keep-alive", "json news"};

static int
broker_check_either(const char *names, const bool *given, struct error *err)
{
    const char *first = NULL;

    for (size_t i = 0; i < COUNT(broker_options); i++) {
        const char *name = broker_options[i].name;

        if (!given[i] || !text_has_word(names, name))
            continue;
        if (first)
            return error_set(err, FAIL_INPUT, "usage",
                             "--%s and --%s: choose one", first, name);
        first = name;
    }
    return 0;
}

static int
broker_check_options(const struct verb *verb, const bool *given,
                     struct error *err)
{
    char shown[40];

    for (size_t i = 0; i < COUNT(broker_options); i++) {
        const struct option *option = &broker_options[i];
        if (!given[i] || option->common ||
            text_has_word(verb->options, option->name))
            continue;
        snprintf(shown, sizeof shown, "--%s", option->name);
        return broker_bad_option(err, shown,
                                 "this command takes no such option");
    }
    for (size_t i = 0; i < COUNT(broker_either); i++)
        if (broker_check_either(broker_either[i], given, err) < 0)
            return -1;
    return 0;
}

/* The verb that is asked for where all else does not matter, or NULL. */
static const char *
broker_question(const char *arg)
{
    return text_has_word("--help -h", arg) ? "help"
           : strcmp(arg, "--version") == 0 ? "version"
                                           : NULL;
}

/* Here stands the command of exec, whose words are its own. */
static bool
broker_is_command(const struct broker *b, const char *arg)
{
    return b->verb && strcmp(b->verb, "exec") == 0 &&
           (*arg != '-' || strcmp(arg, "--") == 0);
}

/* What to do; *verb NULL: nothing, for a helper that does not know the
 * operation. */
static int
broker_parse(struct broker *b, char **argv, const struct verb **verb,
             struct error *err)
{
    bool given[COUNT(broker_options)] = {false};
    const char *word[OPERANDS + 1] = {NULL};
    int operands = 0;

    for (char **arg = argv + 1; *arg && !broker_is_command(b, *arg); arg++) {
        if (broker_question(*arg)) {
            *verb = broker_find_verb(b->verb = broker_question(*arg));
            return 0;
        }
        if ((*arg)[0] == '-') {
            if (broker_parse_option(b, &arg, given, err) < 0)
                return -1;
        } else if (b->verb) {
            if (operands < OPERANDS)
                b->operand[operands] = *arg;
            if (operands <= OPERANDS)
                word[operands] = *arg;
            operands++;
        } else {
            b->verb = *arg;
        }
    }
    *verb = broker_find_verb(b->verb ? b->verb : "help");
    if (!b->verb)
        return error_set(err, FAIL_INPUT, "usage",
                         "which command? See: parallel-credential help");
    if (!*verb && text_starts_with(b->program, "git-credential"))
        return 0;
    if (!*verb)
        return broker_bad_option(err, b->verb, "there is no such command");
    if (operands > (*verb)->operands)
        return broker_bad_option(err, word[(*verb)->operands],
                                 "this command takes no such word");
    return broker_check_options(*verb, given, err);
}

/* A section that has gone leaves its credential behind, to be ended. */
static int
broker_check_provider(const struct broker *b, struct error *err)
{
    char shown[64];

    if (provider_is_builtin(b->provider) ||
        config_provider_settings(&b->config, b->provider) ||
        strcmp(b->verb, "logout") == 0 || strcmp(b->verb, "status") == 0)
        return 0;
    return error_set(err, FAIL_INPUT, "usage",
                     "there is no provider %s in the configuration",
                     text_show(shown, sizeof shown, b->provider));
}

/*
 * Verbs that go on for a person whom the policy does not connect: they hand
 * out nothing of Parallel's, or ask permit_person() themselves.
 */
static const char broker_open_to_all[] =
    "config configure-git docker doctor erase get logout session-end "
    "session-open status store";

/* What the policy says, before anything else is done. */
static int
broker_check_policy(struct broker *b, const char *user, struct error *err)
{
    journal_open(b->config.log, user, b->verb);
    permit_find_person(&b->config);
    if (permit_person(&b->config, err) == 0)
        return 0;
    journal_debug("%s", b->config.denied.text);
    if (text_has_word(broker_open_to_all, b->verb)) {
        *err = (struct error)ERROR_INIT;
        return 0;
    }
    if (strcmp(b->verb, "login") == 0)
        broker_log_denied(b);
    return -1;
}

void
broker_log_denied(const struct broker *b)
{
    const struct journal_entry entry = {
        .event = JOURNAL_REFUSED,
        .provider = b->provider ? b->provider : provider_parallel_name,
        .reason = b->config.denied.id,
        .detail = b->config.denied.text};

    journal_note(&entry);
}

int
broker_open(struct broker *b, struct error *err)
{
    const struct passwd *pw = getpwuid(geteuid());
    const struct credential_choice choice = {
        b->provider, b->org, b->issuer,
        b->if_due || b->keep_alive || b->session ||
            text_starts_with(b->verb, "session-")};
    struct error trouble = ERROR_INIT;
    int opened;

    if (b->is_open)
        return 0;
    if (place_find(&b->place, pw ? pw->pw_dir : NULL) < 0)
        return error_set(err, FAIL_SERVICE, "home",
                         "there is no home folder to keep credentials in "
                         "(HOME is not set to a folder of yours)");
    if (b->system_only)
        b->place.configuration[0] = '\0';
    if (config_load(&b->config, SYSTEM_CONFIGURATION, &b->place, err) < 0)
        return -1;
    if (broker_check_provider(b, err) < 0) {
        config_release(&b->config);
        return -1;
    }
    b->is_open = true;
    opened = credential_open(&b->credential, &b->config, &b->place, &choice,
                             (int)b->renewing, &trouble);
    /* A store that cannot be opened does not spare anybody the policy. */
    if (broker_check_policy(b, pw ? pw->pw_name : NULL, err) < 0)
        return -1;
    if (opened < 0)
        *err = trouble;
    return opened;
}

/*
 * What was handed out before the policy said otherwise goes: from the user
 * manager with the cache, and for who is denied with the timer in any case.
 * While its generator (env --session --plain) runs, the manager answers
 * nobody: that is left to the next command.
 */
static void
broker_take_back(struct broker *b)
{
    struct session *session = &b->credential.session;
    bool denied = permit_person(&b->config, NULL) < 0;
    bool gone = false;

    if (b->session && b->plain)
        return;
    if (denied || session_takes_back(session, &b->credential.store))
        gone = session->published || session_withdraw(session);
    if (gone || (denied && b->keep_alive))
        manager_settle(b);
}

void
broker_close(struct broker *b)
{
    if (!b->is_open)
        return;
    b->is_open = false;
    broker_take_back(b);
    credential_close(&b->credential);
    config_release(&b->config);
}

const char *
broker_key(const struct broker *b, const struct record *record)
{
    const char *given = getenv("PARALLEL_API_KEY");
    const char *given_id = getenv("PARALLEL_CREDENTIAL_KEY_ID");

    /* One of the environment does not tell its organization. */
    if (given && *given && !(given_id && *given_id) &&
        !permit_asks_organization(&b->config))
        return given;
    return record ? secret_text(&record->api_key) : "";
}

static void
broker_prepare_process(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    secret_harden_process();
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            _exit(FAIL_SERVICE);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
    umask(077);
}

int
main(int argc, char **argv)
{
    struct broker b = {.wait = -1, .renewing = -1, .polling = -1};
    struct error err = ERROR_INIT;
    const struct verb *verb = NULL;
    int status = FAIL_NONE;

    broker_prepare_process();
    if (argc < 1)
        return FAIL_INPUT;
    b.program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    if (strcmp(b.program, DOCKER_PROGRAM) == 0) {
        status = broker_docker(&b, argv);
    } else if (broker_parse(&b, argv, &verb, &err) < 0 ||
               (verb && verb->run(&b, &status, &err) < 0)) {
        status = err.failure ? (int)err.failure : FAIL_SERVICE;
        if (err.text[0] && !broker_login_tells(&b, argv, &err))
            broker_say(&b, "%s", err.text);
    }
    journal_debug("exit status %d", status);
    broker_close(&b);
    http_stop();
    return status;
}
