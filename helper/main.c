#include "helper/front.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/secret.h"
#include "lib/base/text.h"

/* By this `doctor` knows which broker a front hands over to. */
static const char front_mark[] = FRONT_MARK;

struct verb {
    const char *name;
    int (*run)(struct front *front);
};

/* Sorted. What is not here is the broker's. */
static const struct verb front_verbs[] = {
    {"capability", front_capability},
    {"env", front_env},
    {"erase", front_erase},
    {"exec", front_exec},
    {"get", front_get},
    {"header", front_header},
    {"store", front_store},
    {"token", front_token},
};

/* The value of "--name VALUE" or "--name=VALUE" at **arg, or NULL. */
static const char *
front_option_value(char ***arg, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(**arg, name, len) != 0)
        return NULL;
    if ((**arg)[len] == '=')
        return **arg + len + 1;
    if ((**arg)[len] == '\0' && (*arg)[1])
        return *++*arg;
    return NULL;
}

static bool
front_parse_option(struct front *front, char ***arg)
{
    const char *value;

    if (strcmp(**arg, "--any-host") == 0)
        return front->any_host = true;
    if (strcmp(**arg, "--api-key") == 0)
        return front->api_key = true;
    if (strcmp(**arg, "--session") == 0)
        return front->session = true;
    if (!front->shell && strncmp(**arg, "--", 2) == 0 &&
        (front->shell = shell_of(**arg + 2)))
        return true;
    if (strcmp(**arg, "--quiet") == 0) {
        front_hush();
        return front->quiet = true;
    }
    if ((value = front_option_value(arg, "--org"))) {
        front->org = value;
        return true;
    }
    if ((value = front_option_value(arg, "--provider"))) {
        front->provider = value;
        return true;
    }
    if ((value = front_option_value(arg, "--issuer"))) {
        front->issuer = value;
        return true;
    }
    if ((value = front_option_value(arg, "--min-ttl"))) {
        int64_t seconds;
        if (text_to_number(value, 1000000000, &seconds) < 0)
            return false;
        front->min_ttl = seconds * 1000;
        return true;
    }
    return false;
}

/* Whether the verb takes the options that were given. */
static bool
front_options_fit(const struct front *front)
{
    if (!front->verb)
        return false;
    if (front->any_host &&
        !text_has_word("capability erase get store", front->verb))
        return false;
    if ((front->session || front->shell) && strcmp(front->verb, "env") != 0)
        return false;
    if (front->issuer && strcmp(front->verb, "exec") != 0)
        return false; /* it is rare */
    if (front->api_key || front->min_ttl)
        return strcmp(front->verb, "token") == 0 ||
               (!front->min_ttl && strcmp(front->verb, "header") == 0);
    return true;
}

/* exec: at arg stands its command, or the "--" in front of it. */
static bool
front_parse_command(struct front *front, char **arg)
{
    if (!front->verb || strcmp(front->verb, "exec") != 0)
        return false;
    if (strcmp(*arg, "--") == 0)
        arg++;
    else if ((*arg)[0] == '-')
        return false;
    front->command = *arg ? arg : NULL;
    return true;
}

/* false: something in there is for the broker to do or to complain about. */
static bool
front_parse(struct front *front)
{
    for (char **arg = front->argv + 1; *arg; arg++) {
        if (front_parse_command(front, arg))
            break;
        if ((*arg)[0] == '-') {
            if (!front_parse_option(front, &arg))
                return false;
        } else if (front->verb) {
            return false;
        } else {
            front->verb = *arg;
        }
    }
    return front_options_fit(front);
}

static const struct verb *
front_find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof front_verbs / sizeof *front_verbs; i++)
        if (strcmp(front_verbs[i].name, name) == 0)
            return &front_verbs[i];
    return NULL;
}

/* A descriptor 0 to 2 that is closed would be the next file we open. It is
 * closed again for whoever comes after us. */
static void
front_fill_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
            _exit(FAIL_SERVICE);
}

static void
front_release(struct front *front)
{
    cache_release(&front->cache);
    fields_release(&front->request);
    secret_release(&front->input);
}

/* session-open UID GID …: root's call, so nothing is looked at before the
 * privileges are gone. */
static bool
front_is_session(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "session-open") == 0;
}

static int
front_run(struct front *front)
{
    const struct verb *verb;

    if (front_is_docker(front->argv[0]))
        return front_docker(front);
    if (!front_parse(front) || !(verb = front_find_verb(front->verb)))
        return FRONT_HANDOVER;
    return verb->run(front);
}

int
main(int argc, char **argv)
{
    struct front front = {.argv = argv, .folder = -1, .lock = -1};
    bool session = front_is_session(argc, argv);
    int result;

    __asm__ volatile("" : : "r"(front_mark)); /* it stays in the program */
    if (session && front_drop_privileges(argc > 2 ? argv[2] : NULL,
                                         argc > 3 ? argv[3] : NULL) < 0)
        return FAIL_INPUT;
    secret_harden_process();
    front_fill_descriptors();
    if (argc < 1)
        return FAIL_INPUT;
    if (session)
        front_reset_signals();
    place_find(&front.place, NULL);
    result = session ? front_session_open(&front) : front_run(&front);
    if (result == FRONT_HANDOVER)
        result = front_become_broker(&front);
    front_release(&front);
    return result;
}
