/*
 * The sandbox platform; README.md says what it is.
 */
#include <errno.h>
#include <getopt.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/platform/background.h"
#include "tests/platform/clock.h"
#include "tests/platform/config.h"
#include "tests/platform/house.h"
#include "tests/platform/listener.h"
#include "tests/platform/log.h"
#include "tests/platform/memory.h"
#include "tests/platform/org.h"
#include "tests/platform/second.h"
#include "tests/platform/state.h"
#include "tests/platform/tls.h"

enum {
    HTTP_PLATFORM,
    HTTP_ACCOUNT,
    HTTP_DATA,
    HTTP_SECOND,
    HTTPS_PLATFORM,
    HTTPS_ACCOUNT,
    HTTPS_DATA,
    HTTPS_SECOND,
    EXPIRED,
    WRONG_HOST,
    UNKNOWN_CA,
    CONTROL,
    LISTENERS
};

struct options {
    char *dir; /* absolute */
    bool background;
    bool die_with_parent;
};

static struct tls tls;
static struct listener listeners[LISTENERS];

/* What listens, and the line of platform.env that says where. */
static const struct {
    enum port port;
    const struct tls_pair *certificate;
    const char *variable;
    const char *path;
} plan[LISTENERS] = {
    [HTTP_PLATFORM] = {PORT_PLATFORM, NULL, "HTTP_PLATFORM_URL", ""},
    [HTTP_ACCOUNT] = {PORT_ACCOUNT, NULL, "HTTP_SERVICE_API_URL", "/account"},
    [HTTP_DATA] = {PORT_DATA, NULL, "HTTP_API_URL", ""},
    [HTTP_SECOND] = {PORT_SECOND, NULL, "HTTP_SECOND_URL", ""},
    [HTTPS_PLATFORM] = {PORT_PLATFORM, &tls.good, "HTTPS_PLATFORM_URL", ""},
    [HTTPS_ACCOUNT] = {PORT_ACCOUNT, &tls.good, "HTTPS_SERVICE_API_URL",
                       "/account"},
    [HTTPS_DATA] = {PORT_DATA, &tls.good, "HTTPS_API_URL", ""},
    [HTTPS_SECOND] = {PORT_SECOND, &tls.good, "HTTPS_SECOND_URL", ""},
    [EXPIRED] = {PORT_PLATFORM, &tls.expired, "EXPIRED_URL", ""},
    [WRONG_HOST] = {PORT_PLATFORM, &tls.wrong_host, "WRONGHOST_URL", ""},
    [UNKNOWN_CA] = {PORT_PLATFORM, &tls.unknown, "UNKNOWNCA_URL", ""},
    [CONTROL] = {PORT_CONTROL, NULL, "CONTROL_URL", ""},
};

static void __attribute__((noreturn)) usage(void)
{
    fputs("usage: platform --dir DIR [--approve-after SECONDS]\n"
          "                [--seed-org ID:NAME]... [--background]\n"
          "                [--die-with-parent]\n",
          stderr);
    exit(2);
}

/* Says why the platform cannot start, to whoever waits for it, and ends. */
static void __attribute__((noreturn))
give_up(const char *what, const char *why)
{
    char *text = memory_format("%s: %s", what, why);

    fprintf(stderr, "platform: %s\n", text);
    background_tell(text);
    free(text);
    exit(1);
}

static void
seed(char *text)
{
    char *colon = strchr(text, ':');

    if (!colon || colon == text)
        usage();
    *colon = '\0';
    org_seed(text, colon + 1);
}

static void
set_approve_after(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (*end || end == text || seconds < 0)
        usage();
    config_set_approve_after(seconds);
}

static void
read_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {
        {"approve-after", required_argument, NULL, 'a'},
        {"background", no_argument, NULL, 'b'},
        {"die-with-parent", no_argument, NULL, 'p'},
        {"dir", required_argument, NULL, 'd'},
        {"seed-org", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    const char *dir = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'a')
            set_approve_after(optarg);
        else if (option == 'b')
            out->background = true;
        else if (option == 'p')
            out->die_with_parent = true;
        else if (option == 'd')
            dir = optarg;
        else if (option == 's')
            seed(optarg);
        else
            usage();
    }
    if (!dir || optind != argc || (out->background && out->die_with_parent))
        usage();
    if (mkdir(dir, 0755) < 0 && errno != EEXIST)
        give_up(dir, strerror(errno));
    out->dir = realpath(dir, NULL);
    if (!out->dir)
        give_up(dir, strerror(errno));
}

static void
die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        exit(0);
}

/*
 * Signals that end the platform are waited for by main alone. Shells start
 * jobs with SIGINT ignored; here it always counts.
 */
static void
block_signals(sigset_t *ending)
{
    sigemptyset(ending);
    sigaddset(ending, SIGTERM);
    sigaddset(ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, ending, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
}

static void
allow_many_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void
start(const struct options *options)
{
    const char *wrong;

    gnutls_global_init();
    second_make();
    wrong = tls_make(&tls);
    if (wrong)
        give_up("certificates", wrong);
    if (!house_write_authority(options->dir, &tls) || !log_open(options->dir))
        give_up(options->dir, strerror(errno));
    for (int i = 0; i < LISTENERS; i++)
        if (!listener_start(&listeners[i], plan[i].port, plan[i].certificate))
            give_up("listening", strerror(errno));
}

/* What platform.env says; to be freed. */
static char *
describe(const struct options *options)
{
    char *env = memory_format(
        "CA_FILE=%s/ca.pem\nCA_DIR=%s/ca\nCA_BUNDLE=%s/bundle.pem\n"
        "SECOND_CLIENT_ID='%s'\nSECOND_CLIENT_SECRET='%s'\n"
        "SECOND_USER='%s'\nSECOND_PASSWORD='%s'\nPID=%ld\n",
        options->dir, options->dir, options->dir, second_client_id(),
        second_client_secret(), second_user(), second_password(),
        (long)getpid());

    for (int i = LISTENERS - 1; i >= 0; i--) {
        char *more = memory_format("%s=%s%s\n%s", plan[i].variable,
                                   listeners[i].base, plan[i].path, env);
        free(env);
        env = more;
    }
    return env;
}

/* Writes platform.pid and platform.env: from now on others may come. */
static void
announce(const struct options *options)
{
    char *env = describe(options);
    char *pid = memory_format("%ld\n", (long)getpid());

    if (!house_write(options->dir, "platform.pid", pid) ||
        !house_write(options->dir, "platform.env", env))
        give_up(options->dir, strerror(errno));
    free(env);
    free(pid);
    background_tell(NULL);
}

static void
stop(struct options *options)
{
    state_stop();
    for (int i = 0; i < LISTENERS; i++)
        listener_stop(&listeners[i]);
    state_lock();
    state_reset();
    log_close();
    state_unlock();
    tls_release(&tls);
    house_remove(options->dir, "platform.pid");
    free(options->dir);
    gnutls_global_deinit();
}

int
main(int argc, char **argv)
{
    struct options options = {0};
    pid_t parent = getppid();
    sigset_t ending;
    int signal_number;

    clock_since_start();
    read_options(argc, argv, &options);
    house_remove(options.dir, "platform.env");
    if (options.die_with_parent)
        die_with_parent(parent);
    if (options.background)
        background_enter(options.dir);
    block_signals(&ending);
    allow_many_descriptors();
    start(&options);
    announce(&options);
    sigwait(&ending, &signal_number);
    stop(&options);
    return 0;
}
