/*
 * docker.c - docker-credential-parallel, as far as the front has no answer.
 */
#include "broker/broker.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/docker.h"
#include "lib/base/other.h"
#include "lib/base/text.h"
#include "lib/wrap/json_text.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

static int
docker_error(struct error *err, const char *text)
{
    return error_set(err, FAIL_INPUT, "docker", "%s", text);
}

static int
docker_input(struct secret *input, struct error *err)
{
    return docker_read(input) < 0 ? docker_error(err, DOCKER_TOO_LONG) : 0;
}

/* The registry that standard input names. */
static int
docker_server(struct other_request *request, struct error *err)
{
    CLEANUP(secret_release) struct secret input = SECRET_INIT;
    const char *server;

    if (docker_input(&input, err) < 0)
        return -1;
    server = docker_trim(input.data);
    if (!*server)
        return docker_error(err, DOCKER_NO_SERVER);
    return other_request_docker(request, server) < 0
               ? docker_error(err, "out of memory")
               : 0;
}

static int
docker_get(struct broker *b, struct error *err)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    struct other other;

    if (docker_server(&request, err) < 0 || broker_open(b, err) < 0 ||
        credential_read(&b->credential, err) < 0)
        return -1;
    switch (credential_find_other(&b->credential, &request, &other, err)) {
    case CREDENTIAL_OK:
        break;
    case CREDENTIAL_NONE:
        return docker_error(err, DOCKER_NOT_FOUND);
    default:
        return -1;
    }
    if (other_answer_docker(&answer, &other) < 0)
        return docker_error(err, "the credential cannot be written");
    return broker_print(&answer, err);
}

static int
docker_erase(struct broker *b, struct error *err)
{
    CLEANUP(other_request_release) struct other_request request = {0};

    if (docker_server(&request, err) < 0 || broker_open(b, err) < 0 ||
        credential_read(&b->credential, err) < 0)
        return -1;
    return credential_erase_other(&b->credential, &request, err);
}

static int
docker_store(struct broker *b, struct error *err)
{
    CLEANUP(other_request_release) struct other_request request = {0};
    CLEANUP(secret_release) struct secret input = SECRET_INIT;
    cleanup_json struct json *told = NULL;
    const char *server, *user, *secret;

    if (docker_input(&input, err) < 0)
        return -1;
    if (json_text_has_half(secret_text(&input), input.len))
        return docker_error(err, "half of a character (\\uD800 to \\uDFFF "
                                 "alone) is in it, which cannot be kept");
    if (json_parse(secret_text(&input), input.len, &told, err) < 0)
        return -1;
    server = json_text(told, "ServerURL");
    user = json_text(told, "Username");
    secret = json_text(told, "Secret");
    if (!server || !*server)
        return docker_error(err, DOCKER_NO_SERVER);
    if (!user || !*user)
        return docker_error(err, DOCKER_NO_USER);
    if (other_request_docker(&request, server) < 0 ||
        other_request_tell(&request, user, secret ? secret : "") < 0)
        return docker_error(err, "out of memory");
    if (broker_open(b, err) < 0)
        return -1;
    return credential_put_other(&b->credential, &request, err);
}

/* {"ADDRESS":"USER"} */
static int
docker_list(struct broker *b, struct error *err)
{
    cleanup_json struct json *list = json_new_object();
    const struct record *r;
    size_t at = 0;

    if (broker_open(b, err) < 0 || credential_read(&b->credential, err) < 0)
        return -1;
    if (store_is_hidden(&b->credential.store))
        return keyring_explain(&b->credential.store.keyring, err);
    while ((r = store_next_other(&b->credential.store, &at))) {
        CLEANUP(secret_release) struct secret key = SECRET_INIT;
        CLEANUP(secret_release) struct secret user = SECRET_INIT;

        if (strcmp(r->provider, OTHER_DOCKER) == 0 &&
            other_unescape(&key, r->issuer + strlen(OTHER_DOCKER ":")) == 0 &&
            other_unescape(&user, r->org_id) == 0)
            json_put_text(list, secret_text(&key), secret_text(&user));
    }
    return broker_print_json(steal_pointer(&list), err);
}

static int
docker_version(struct broker *b, struct error *err)
{
    static char text[] =
        DOCKER_PROGRAM " (" PACKAGE_NAME ") v" PACKAGE_VERSION "\n";
    const struct secret line = {text, sizeof text - 1, 0};

    (void)b;
    return broker_print(&line, err);
}

/* Sorted. */
static const struct docker_verb {
    const char *name;
    int (*run)(struct broker *b, struct error *err);
} docker_verbs[] = {
    {"erase", docker_erase},     {"get", docker_get},
    {"list", docker_list},       {"store", docker_store},
    {"version", docker_version},
};

static int
docker_run(struct broker *b, char **argv, struct error *err)
{
    char shown[64];

    if (!argv[1] || argv[2])
        return docker_error(err, "Usage: " DOCKER_PROGRAM
                                 " <store|get|erase|list|version>");
    for (size_t i = 0; i < sizeof docker_verbs / sizeof *docker_verbs; i++)
        if (strcmp(docker_verbs[i].name, argv[1]) == 0)
            return docker_verbs[i].run(b, err);
    return error_set(err, FAIL_INPUT, "docker",
                     "unknown credential action \"%s\"",
                     text_show(shown, sizeof shown, argv[1]));
}

int
broker_docker(struct broker *b, char **argv)
{
    CLEANUP(secret_release) struct secret line = SECRET_INIT;
    struct error err = ERROR_INIT;

    b->verb = "docker";
    if (docker_run(b, argv, &err) == 0)
        return FAIL_NONE;
    if (secret_append_text(&line, err.text) == 0 &&
        secret_append_text(&line, "\n") == 0)
        broker_print(&line, NULL);
    return DOCKER_FAILED;
}
