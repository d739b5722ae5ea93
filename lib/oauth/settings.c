#include "lib/oauth/settings.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/other.h"
#include "lib/oauth/provider.h"

#define SETTINGS_NAME_MAX 32

const char *const settings_grant_words[] = {"auto", "device", "code", NULL};
const char *const settings_registration_words[] = {"none", "parallel-json",
                                                   "rfc7591", NULL};
const char *const settings_revocation_words[] = {"none", "parallel", "rfc7009",
                                                 NULL};
const char *const settings_authentication_words[] = {
    "none", "client_secret_basic", "client_secret_post", NULL};
const char *const settings_present_words[] = {"bearer", "x-api-key", "basic",
                                              NULL};

int
settings_value_of(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

bool
settings_name_is_free(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t len = strlen(name);

    return len > 0 && len <= SETTINGS_NAME_MAX && *name != '-' &&
           strspn(name, allowed) == len && !provider_is_builtin(name) &&
           strcmp(name, OTHER_GIT) != 0 && strcmp(name, OTHER_DOCKER) != 0;
}

void
settings_release(struct provider_settings *s)
{
    if (!s)
        return;
    free(s->name);
    free(s->issuer);
    free(s->authorization_endpoint);
    free(s->device_authorization_endpoint);
    free(s->registration_endpoint);
    free(s->revocation_endpoint);
    free(s->token_endpoint);
    free(s->client_id);
    free(s->client_secret_file);
    free(s->redirect_uri);
    free(s->scopes);
    free(s->hosts);
    *s = (struct provider_settings){0};
}
