/*
 * doctor_network.c - the way to each service: name, proxy, connection,
 * certificate, an answer, its clock.
 *
 * What is asked for is the address "/" without any credential, so nothing
 * comes of it. Each of them has connect_timeout for all of it.
 */
#include "broker/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/url.h"
#include "lib/wrap/http.h"
#include "lib/wrap/proxy.h"
#include "lib/wrap/trust.h"

#define NETWORK_HOSTS 32

/* Seconds that two clocks may lie apart: tokens are renewed 30 s before their
 * end, or 120 s; Kerberos and its kin give up at five minutes. */
#define NETWORK_SKEW_SOME 60
#define NETWORK_SKEW_MUCH 300

struct network {
    struct doctor *d;
    char origin[NETWORK_HOSTS][URL_ORIGIN_SIZE];
    size_t count;
    bool secure;    /* some of them are asked by https */
    bool far;       /* some of them are other machines */
    bool has_clock; /* it has been compared */
};

static void
network_add(struct network *all, const char *address)
{
    char origin[URL_ORIGIN_SIZE];
    struct url url;

    if (!address || url_parse(&url, address, NULL) < 0)
        return;
    url_origin(&url, origin);
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->origin[i], origin) == 0)
            return;
    if (all->count == NETWORK_HOSTS)
        return;
    memcpy(all->origin[all->count], origin, sizeof origin);
    all->secure |= url.secure;
    all->far |= !url_is_loopback(&url);
    all->count++;
}

static void
network_find_hosts(struct network *all, const struct config *config)
{
    network_add(all, config->platform_url);
    network_add(all, config->service_api_url);
    network_add(all, config->api_url);
    for (size_t i = 0; i < config->provider_count; i++) {
        const struct provider_settings *s = &config->provider[i].settings;

        network_add(all, s->issuer ? s->issuer : s->token_endpoint);
    }
}

/* ---- without asking anybody
 * -------------------------------------------------
 */

/* Who vouches for the servers. */
static void
network_check_trust(struct doctor *d)
{
    const struct config *config = &d->b->config;
    const char *own = config->ca_file ? config->ca_file : config->ca_directory;
    const char *used = own ? own : trust_find_folder();

    if (!used)
        used = trust_find_bundle();
    if (!used) {
        doctor_advise(d, "install the package ca-certificates");
        doctor_tell(d, DOCTOR_WRONG, "network.trust",
                    "there are no certificates to trust on this machine");
    } else if (access(used, R_OK) < 0) {
        doctor_advise(d, "mend %s in the configuration",
                      config->ca_file ? "ca_file" : "ca_directory");
        doctor_tell(d, DOCTOR_WRONG, "network.trust", "%s: %s", used,
                    strerror(errno));
    } else {
        doctor_tell(d, DOCTOR_OK, "network.trust",
                    "servers are trusted by %s%s", used,
                    own ? " (configured)" : "");
    }
}

static void
network_check_proxy(const struct network *all)
{
    const struct config *config = &all->d->b->config;
    struct proxy proxy;

    proxy_find(&proxy, config->proxy, all->secure);
    if (!*proxy.host)
        doctor_tell(all->d, DOCTOR_OK, "network.proxy", "there is no proxy");
    else if (proxy.variable)
        doctor_tell(all->d, DOCTOR_OK, "network.proxy",
                    "the proxy is %s, by the variable %s, which a login does "
                    "not have yet%s",
                    proxy.host, proxy.variable,
                    proxy_has_exceptions() ? "; no_proxy names exceptions"
                                           : "");
    else
        doctor_tell(all->d, DOCTOR_OK, "network.proxy", "the proxy is %s (%s)",
                    proxy.host, config->origin[CONFIG_PROXY].text);
}

/* ---- asking
 * -----------------------------------------------------------------
 */

static void
network_check_clock(struct network *all, const char *origin, int64_t date)
{
    int64_t skew = clock_now().real / 1000 - date;
    int64_t size = skew < 0 ? -skew : skew;

    if (all->has_clock || date <= 0)
        return;
    all->has_clock = true;
    if (size > NETWORK_SKEW_SOME)
        doctor_advise(all->d, "set the clock: timedatectl set-ntp true");
    if (size <= NETWORK_SKEW_SOME)
        doctor_tell(all->d, DOCTOR_OK, "network.clock",
                    "the clock here is that of %s", origin);
    else
        doctor_tell(all->d,
                    size > NETWORK_SKEW_MUCH ? DOCTOR_WRONG : DOCTOR_WARNING,
                    "network.clock", "the clock here is %lld s %s that of %s",
                    (long long)size, skew < 0 ? "behind" : "ahead of", origin);
}

static void
network_explain(struct doctor *d, const struct http_response *response,
                const struct error *trouble)
{
    const char *id = "network.reach";

    if (strcmp(trouble->id, "certificate") == 0) {
        id = "network.certificate";
        doctor_advise(d, "if a proxy of yours opens TLS, set ca_file to its "
                         "certificate; else do not go on, and tell whoever "
                         "runs that server");
    } else if (response->step == HTTP_AT_NAME) {
        id = "network.name";
        doctor_advise(d, "look at the name servers: resolvectl status, "
                         "/etc/resolv.conf");
    } else if (response->step == HTTP_AT_PROXY) {
        id = "network.proxy";
        doctor_advise(d, "mend proxy in the configuration, or the variable "
                         "https_proxy");
    } else {
        doctor_advise(d, "look at the network, a firewall, and the addresses "
                         "in: parallel-credential config");
    }
    doctor_tell(d, DOCTOR_WRONG, id, "%s", trouble->text);
}

static void
network_ask(struct network *all, size_t i)
{
    CLEANUP(http_response_release)
    struct http_response response = HTTP_RESPONSE_INIT;
    struct http_options options = config_http(&all->d->b->config);
    char address[URL_ORIGIN_SIZE + 2];
    const struct http_request request = {.method = "GET", .url = address};
    struct error trouble = ERROR_INIT;

    snprintf(address, sizeof address, "%s/", all->origin[i]);
    options.timeout_ms = options.connect_timeout_ms;
    if (http_send(&options, &request, &response, &trouble) < 0) {
        network_explain(all->d, &response, &trouble);
        return;
    }
    network_check_clock(all, all->origin[i], response.date);
    if (response.status < 500 && response.status != 407) {
        doctor_tell(all->d, DOCTOR_OK, "network.reach", "%s answers",
                    all->origin[i]);
        return;
    }
    doctor_advise(all->d, "try again later; nothing is lost meanwhile");
    doctor_tell(all->d, DOCTOR_WARNING, "network.reach", "%s answers with %d",
                all->origin[i], response.status);
}

void
doctor_network(struct doctor *d)
{
    struct network all = {.d = d};

    network_find_hosts(&all, &d->b->config);
    if (all.secure)
        network_check_trust(d);
    if (all.far)
        network_check_proxy(&all);
    if (d->b->offline) {
        doctor_tell(d, DOCTOR_OK, "network.reach", "nobody was asked");
        return;
    }
    for (size_t i = 0; i < all.count; i++)
        network_ask(&all, i);
}
