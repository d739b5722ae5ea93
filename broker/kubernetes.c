#include "broker/kubernetes.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/broker.h"
#include "lib/base/text.h"

static const char *const kubernetes_versions[] = {
    "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"};

/* The version that is asked for, in static memory, or NULL with err. */
static const char *
kubernetes_version(struct error *err)
{
    const char *info = getenv("KUBERNETES_EXEC_INFO"), *version;
    cleanup_json struct json *json = NULL;
    char shown[80];

    if (!info || !*info)
        return kubernetes_versions[0];
    if (json_parse(info, strlen(info), &json, err) < 0) {
        err->failure = FAIL_INPUT;
        error_context(err, "KUBERNETES_EXEC_INFO");
        return NULL;
    }
    version = json_text(json, "apiVersion");
    for (size_t i = 0; version && i < 2; i++)
        if (strcmp(version, kubernetes_versions[i]) == 0)
            return kubernetes_versions[i];
    error_set(err, FAIL_INPUT, "kubernetes",
              "KUBERNETES_EXEC_INFO asks for an ExecCredential of the "
              "apiVersion %s; there are v1 and v1beta1 of "
              "client.authentication.k8s.io",
              version ? text_show(shown, sizeof shown, version) : "(none)");
    return NULL;
}

/* RFC 3339, in UTC, whole seconds: never later than it is. */
static void
kubernetes_put_time(struct json *object, const char *key, int64_t ms)
{
    time_t at = (time_t)(ms / 1000);
    char text[32];
    struct tm tm;

    if (gmtime_r(&at, &tm) &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        json_put_text(object, key, text);
}

int
kubernetes_check(struct error *err)
{
    return kubernetes_version(err) ? 0 : -1;
}

int
kubernetes_print(const char *token, int64_t expires_at, struct error *err)
{
    const char *version = kubernetes_version(err);
    struct json *answer, *status;

    if (!version)
        return -1;
    answer = json_new_object();
    json_put_text(answer, "apiVersion", version);
    json_put_text(answer, "kind", "ExecCredential");
    status = json_put_object(answer, "status");
    json_put_text(status, "token", token);
    if (expires_at > 0)
        kubernetes_put_time(status, "expirationTimestamp", expires_at);
    return broker_print_json(answer, err);
}
