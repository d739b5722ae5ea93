#include "broker/sign_in.h"

#include "broker/browser.h"
#include "broker/interactive.h"
#include "lib/base/cleanup.h"

static enum credential_way
sign_in_told(const struct broker *b)
{
    return b->web ? WAY_BROWSER : b->device ? WAY_DEVICE : WAY_ANY;
}

/* *why: for --debug. */
static enum credential_way
sign_in_choose(const struct broker *b, const struct provider *provider,
               const char **why)
{
    enum credential_way told = sign_in_told(b);
    enum provider_grant offer = provider_offers(provider);
    const char *absent;

    if (told != WAY_ANY) {
        *why = b->web ? "--web was given" : "--device was given";
        return told;
    }
    if (provider_is_builtin(provider->name)) {
        *why = provider->grants_key
                   ? "it is Parallel's default"
                   : "it brings account tokens, Parallel's default";
        return WAY_DEVICE;
    }
    if (offer != GRANT_AUTO) {
        *why = provider->grant == GRANT_AUTO ? "the server has no other way"
                                             : "the configuration says so";
        return offer == GRANT_CODE ? WAY_BROWSER : WAY_DEVICE;
    }
    absent = browser_is_absent();
    *why = absent ? absent : "there is a desktop";
    return absent ? WAY_DEVICE : WAY_BROWSER;
}

int
sign_in(struct broker *b, bool tty, struct record **record, struct error *err)
{
    CLEANUP(provider_release) struct provider provider = {0};
    enum credential_way way;
    const char *why;

    if (credential_login_provider(&b->credential, b->scope, sign_in_told(b), 0,
                                  &provider, err) < 0)
        return -1;
    way = sign_in_choose(b, &provider, &why);
    if (b->debug)
        broker_say(b, "login with %s: %s",
                   way == WAY_BROWSER ? "the browser of this machine"
                                      : "a code for any device",
                   why);
    return way == WAY_BROWSER
               ? interactive_login_web(b, &provider, tty, record, err)
               : interactive_login(b, &provider, tty, record, err);
}
