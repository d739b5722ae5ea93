#include "tests/platform/client.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/memory.h"
#include "tests/platform/secret.h"

static struct client {
    char id[UUID_LENGTH];
    char *name;
    struct client *next;
} * clients;

const char *
client_new(const char *name)
{
    struct client *client = memory_new(sizeof(*client));

    secret_uuid(client->id);
    client->name = memory_copy(name);
    client->next = clients;
    clients = client;
    return client->id;
}

static const struct client *
find(const char *id)
{
    for (const struct client *i = clients; i; i = i->next)
        if (strcmp(i->id, id) == 0)
            return i;
    return NULL;
}

bool
client_is_known(const char *id)
{
    return find(id) != NULL;
}

const char *
client_name(const char *id)
{
    const struct client *client = find(id);

    return client ? client->name : "";
}

void
client_reset(void)
{
    while (clients) {
        struct client *gone = clients;
        clients = gone->next;
        free(gone->name);
        free(gone);
    }
}
