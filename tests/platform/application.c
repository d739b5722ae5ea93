#include "tests/platform/application.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/platform/memory.h"
#include "tests/platform/secret.h"
#include "tests/platform/uri.h"

static struct application {
    char id[UUID_LENGTH];
    char *host;
    struct json_object *redirect_uris;
    struct application *next;
} * applications;

const char *
application_new(struct json_object *redirect_uris)
{
    struct application *one = memory_new(sizeof(*one));
    struct json_object *first = json_object_array_get_idx(redirect_uris, 0);
    struct uri uri = {.host = ""};

    secret_uuid(one->id);
    uri_read(&uri, json_object_get_string(first));
    one->host = memory_copy(uri.host);
    one->redirect_uris = json_object_get(redirect_uris);
    one->next = applications;
    applications = one;
    return one->id;
}

static const struct application *
find(const char *id)
{
    for (const struct application *i = applications; i; i = i->next)
        if (strcmp(i->id, id) == 0)
            return i;
    return NULL;
}

bool
application_is_known(const char *id)
{
    return find(id) || uri_is_host_name(id);
}

bool
application_allows(const char *id, const char *redirect_uri)
{
    const struct application *one = find(id);
    struct uri uri;

    if (!uri_read(&uri, redirect_uri))
        return false;
    if (!one)
        return uri_is_loopback(&uri) || (strcmp(uri.scheme, "https") == 0 &&
                                         strcasecmp(uri.host, id) == 0);
    for (size_t i = 0; i < json_object_array_length(one->redirect_uris); i++) {
        struct json_object *other =
            json_object_array_get_idx(one->redirect_uris, i);
        if (uri_is_same(json_object_get_string(other), redirect_uri))
            return true;
    }
    return false;
}

const char *
application_host(const char *id)
{
    const struct application *one = find(id);

    return one ? one->host : id;
}

void
application_reset(void)
{
    while (applications) {
        struct application *gone = applications;
        applications = gone->next;
        free(gone->host);
        json_object_put(gone->redirect_uris);
        free(gone);
    }
}
