#include "broker/broker.h"

#include <stdio.h>

#include "lib/base/cleanup.h"

/* prefix and name are the key in JSON; as text, the section stands above. */
static int
config_show(const struct broker *b, const char *prefix, const char *name,
            const char *value, const struct config_origin *origin,
            const char *lock, struct error *err)
{
    cleanup_free char *whole = NULL;
    struct json *line;

    if (!b->json) {
        printf("%s = %s  ; %s%s%s\n", name, value ? value : "", origin->text,
               lock ? ", locked by " : "", lock ? lock : "");
        return 0;
    }
    if (asprintf(&whole, "%s%s", prefix, name) < 0)
        return error_set(err, FAIL_SERVICE, "memory", "out of memory");
    line = json_new_object();
    json_put_text(line, "key", whole);
    json_put_text(line, "value", value);
    json_put_text(line, "origin", origin->text);
    json_put_bool(line, "locked", lock != NULL);
    json_put_text(line, "locked_by", lock);
    return broker_print_json(line, err);
}

static int
config_show_provider(const struct broker *b,
                     const struct config_provider *provider, struct error *err)
{
    char prefix[64];

    snprintf(prefix, sizeof prefix, "provider.%s.", provider->settings.name);
    if (!b->json)
        printf("\n[provider %s]\n", provider->settings.name);
    for (int key = 0; key < CONFIG_PROVIDER_KEYS; key++) {
        cleanup_free char *value = config_provider_value(provider, key);

        if (config_show(
                b, prefix, config_provider_key_name(key), value,
                &provider->origin[key],
                config_provider_lock(&b->config, provider->settings.name),
                err) < 0)
            return -1;
    }
    return 0;
}

/* The lists of the policy that are set. */
static int
config_show_policy(const struct broker *b, struct error *err)
{
    const char *section = "\n[policy]\n";

    for (int i = 0; i < POLICY_LISTS; i++) {
        const struct policy_words *words = &b->config.policy.list[i];
        cleanup_free char *value = policy_text(words);
        struct config_origin origin;

        if (!value)
            continue;
        if (!b->json)
            printf("%s", section);
        section = "";
        origin = (struct config_origin){.text = words->item[0].origin};
        if (config_show(b, "policy.", policy_list_name((enum policy_list)i),
                        value, &origin, NULL, err) < 0)
            return -1;
    }
    return 0;
}

int
broker_config(struct broker *b, int *status, struct error *err)
{
    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    for (int key = 0; key < CONFIG_KEYS; key++) {
        cleanup_free char *value =
            config_key_value(&b->config, (enum config_key)key);

        if (config_show(b, "", config_key_name((enum config_key)key), value,
                        &b->config.origin[key], b->config.origin[key].lock,
                        err) < 0)
            return -1;
    }
    for (size_t i = 0; i < b->config.provider_count; i++)
        if (config_show_provider(b, &b->config.provider[i], err) < 0)
            return -1;
    if (config_show_policy(b, err) < 0)
        return -1;
    return broker_flush(err);
}
