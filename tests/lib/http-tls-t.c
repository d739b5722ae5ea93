#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/wrap/http.h"

/* Certificates that the openssl tool makes and serves. */

static char place[32];

static int
run(const char *command)
{
    int status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * In place: good.pem, other.pem (of another host) and old.pem (expired), all
 * signed by themselves with key.pem.
 */
static int
make_place(void **state)
{
    char command[1024];

    (void)state;
    strcpy(place, "/tmp/http-tls-t.XXXXXX");
    if (!mkdtemp(place))
        return -1;
    snprintf(command, sizeof command,
             "exec >/dev/null 2>&1; set -e; cd %s; "
             "openssl req -newkey rsa:2048 -nodes -keyout key.pem -subj /CN=t "
             "-out t.csr; "
             "make() { printf 'subjectAltName=%%s' \"$2\" >ext; "
             "openssl x509 -req -in t.csr -signkey key.pem -days \"$3\" "
             "-extfile ext -out \"$1\"; }; "
             "make good.pem IP:127.0.0.1 2; "
             "make other.pem DNS:other.example 2; "
             "make old.pem IP:127.0.0.1 -1",
             place);
    return run(command);
}

static int
remove_place(void **state)
{
    char command[64];

    (void)state;
    http_stop();
    snprintf(command, sizeof command, "rm -rf %s", place);
    return run(command);
}

/* folder in place, made anew: a hashed folder with the certificates hashed,
 * and the certificates bundled in ca-certificates.crt ("" for none). */
static void
make_folder(const char *folder, const char *hashed, const char *bundled)
{
    char command[512];

    snprintf(command, sizeof command,
             "exec >/dev/null 2>&1; set -e; cd %s; mkdir -p %s; "
             "rm -f %s/*; for f in %s; do cp $f.pem %s; done; "
             "openssl rehash %s; for f in %s; do cat $f.pem; done "
             ">%s/ca-certificates.crt",
             place, folder, folder, hashed, folder, folder, bundled, folder);
    assert_int_equal(run(command), 0);
}

struct server {
    pid_t pid;
    int output;
    char url[64];
};

/* In the child: serves a page to as many connections, then ends. */
static void
serve(const char *name, const char *connections, int output)
{
    char certificate[64], key[64];
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(certificate, sizeof certificate, "%s/%s.pem", place, name);
    snprintf(key, sizeof key, "%s/key.pem", place);
    dup2(null, 0);
    dup2(output, 1);
    dup2(null, 2);
    execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
           certificate, "-key", key, "-www", "-naccept", connections,
           (char *)NULL);
    _exit(127);
}

static void
server_start(struct server *server, const char *name, const char *connections)
{
    char line[256] = "", *port;
    int fds[2];
    FILE *stream;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    server->pid = fork();
    if (server->pid == 0)
        serve(name, connections, fds[1]);
    close(fds[1]);
    server->output = dup(fds[0]);
    stream = fdopen(fds[0], "r");
    while (fgets(line, sizeof line, stream) &&
           strncmp(line, "ACCEPT ", 7) != 0)
        ;
    fclose(stream);
    port = strrchr(line, ':');
    assert_non_null(port);
    snprintf(server->url, sizeof server->url, "https://127.0.0.1:%d/",
             atoi(port + 1));
}

static void
server_stop(struct server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->output);
}

/* Asks url, trusting file and folder. "" when it answered as it should, else
 * "id: text". */
static const char *
ask(const char *url, const char *file, const char *folder)
{
    static char told[800];
    struct http_options options = {.connect_timeout_ms = 20000,
                                   .timeout_ms = 20000,
                                   .proxy = "",
                                   .ca_file = file,
                                   .ca_directory = folder};
    struct http_request request = {.method = "GET", .url = url};
    struct http_response response = HTTP_RESPONSE_INIT;
    struct error err = ERROR_INIT;

    told[0] = '\0';
    if (http_send(&options, &request, &response, &err) < 0)
        snprintf(told, sizeof told, "%s: %s", err.id, err.text);
    else if (response.status != 200)
        snprintf(told, sizeof told, "status %d", response.status);
    http_response_release(&response);
    return told;
}

static void
assert_told(const char *told, const char *part)
{
    if (*part ? !strstr(told, part) : *told)
        fail_msg("\"%s\" instead of \"%s\"", told, part);
}

/* Asks the server with the certificate name once, trusting what lies in place
 * under file and folder (NULL: neither is set). */
static void
assert_answer(const char *name, const char *file, const char *folder,
              const char *part)
{
    char file_path[64], folder_path[64];
    struct server server;
    const char *told;

    snprintf(file_path, sizeof file_path, "%s/%s", place, file ? file : "");
    snprintf(folder_path, sizeof folder_path, "%s/%s", place,
             folder ? folder : "");
    server_start(&server, name, "1");
    told =
        ask(server.url, file ? file_path : NULL, folder ? folder_path : NULL);
    server_stop(&server);
    assert_told(told, part);
}

static void
test_own_file(void **state)
{
    (void)state;
    assert_answer("good", "good.pem", NULL, "");
    assert_answer("good", "other.pem", NULL, "certificate: cannot verify");
    assert_answer("good", "missing.pem", NULL,
                  "certificate: cannot verify 127.0.0.1");
}

static void
test_own_folder(void **state)
{
    (void)state;
    make_folder("own", "good", "");
    assert_answer("good", NULL, "own", "");
    /* Only what was set is used: a bundle is not, and nothing is tried a
     * second time. */
    make_folder("own", "other", "good");
    assert_answer("good", NULL, "own", "certificate: cannot verify");
}

static void
test_wrong_host(void **state)
{
    (void)state;
    assert_answer("other", "other.pem", NULL, "is for another host");
}

static void
test_expired(void **state)
{
    (void)state;
    assert_answer("old", "old.pem", NULL, "has expired");
}

static void
test_unknown(void **state)
{
    struct server server;
    const char *told;

    (void)state;
    server_start(&server, "good", "2");
    told = ask(server.url, NULL, NULL);
    server_stop(&server);
    assert_told(told, "certificate: cannot verify 127.0.0.1:");
}

/* In a mount namespace whose /etc/ssl/certs is the folder "system" in place.
 * 0 when what is told has part, 77 where that cannot be tried. */
static int
try_system(const char *url, const char *part)
{
    char path[64];
    const char *told;

    snprintf(path, sizeof path, "%s/system", place);
    if (unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(path, "/etc/ssl/certs", "", MS_BIND, NULL) < 0)
        return 77;
    told = ask(url, NULL, NULL);
    if (*part ? strstr(told, part) != NULL : !*told)
        return 0;
    print_message("# \"%s\" instead of \"%s\"\n", told, part);
    return 1;
}

/* The server with the certificate name, that takes so many connections,
 * seen from a system with these certificates. */
static void
assert_system(const char *name, const char *connections, const char *hashed,
              const char *bundled, const char *part)
{
    struct server server;
    int status = -1;
    pid_t child;

    make_folder("system", hashed, bundled);
    server_start(&server, name, connections);
    child = fork();
    if (child == 0)
        _exit(try_system(server.url, part));
    assert_int_equal(waitpid(child, &status, 0), child);
    server_stop(&server);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        print_message("# not tried: needs a mount namespace\n");
    else
        assert_int_equal(status, 0);
}

static void
test_system(void **state)
{
    (void)state;
    if (geteuid() != 0 || access("/etc/ssl/certs", X_OK) != 0) {
        print_message("# not tried: needs root and /etc/ssl/certs\n");
        return;
    }
    /* The hashed folder is enough. */
    assert_system("good", "1", "good", "", "");
    /* What it does not know, the bundle may. */
    assert_system("good", "2", "other", "other good", "");
    assert_system("good", "2", "other", "other", "unknown issuer");
    /* Without a hashed folder the bundle is the first to be asked. */
    assert_system("good", "1", "", "good", "");
    /* An issuer that is known is not asked for a second time. */
    assert_system("old", "1", "old", "old", "has expired");
    assert_system("other", "1", "other", "other", "another host");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_file),   cmocka_unit_test(test_own_folder),
        cmocka_unit_test(test_wrong_host), cmocka_unit_test(test_expired),
        cmocka_unit_test(test_unknown),    cmocka_unit_test(test_system),
    };

    if (run("command -v openssl >/dev/null") != 0) {
        puts("1..0 # SKIP there is no openssl here");
        return 0;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("http-tls", tests, make_place,
                                       remove_place);
}
