#include "lib/oauth/client.h"

#include "lib/oauth/form.h"

int
client_add(struct secret *form, const struct provider *provider,
           const char *client_id)
{
    switch (provider->authentication) {
    case AUTHENTICATION_BASIC:
        return 0;
    case AUTHENTICATION_NONE:
        break;
    case AUTHENTICATION_POST:
        if (form_add(form, "client_secret",
                     secret_text(&provider->client_secret)) < 0)
            return -1;
        break;
    }
    return client_id && *client_id ? form_add(form, "client_id", client_id)
                                   : 0;
}

int
client_basic_init(struct client_basic *basic, const struct provider *provider,
                  const char *client_id)
{
    *basic = (struct client_basic)CLIENT_BASIC_INIT;
    if (provider->authentication != AUTHENTICATION_BASIC)
        return 0;
    return form_append(&basic->user, client_id ? client_id : "") |
           form_append(&basic->password,
                       secret_text(&provider->client_secret));
}

void
client_basic_release(struct client_basic *basic)
{
    secret_release(&basic->user);
    secret_release(&basic->password);
}
