#include "broker/broker.h"

#include <stdio.h>

#include "lib/base/cleanup.h"

int
broker_config(struct broker *b, int *status, struct error *err)
{
    (void)status;
    if (broker_open(b, err) < 0)
        return -1;
    for (int key = 0; key < CONFIG_KEYS; key++) {
        cleanup_free char *value =
            config_key_value(&b->config, (enum config_key)key);
        const char *name = config_key_name((enum config_key)key);
        const struct config_origin *origin = &b->config.origin[key];

        if (b->json) {
            struct json *line = json_new_object();
            json_put_text(line, "key", name);
            json_put_text(line, "value", value);
            json_put_text(line, "origin", origin->text);
            json_put_bool(line, "locked", origin->locked);
            if (broker_print_json(line, err) < 0)
                return -1;
        } else {
            printf("%s = %s  ; %s%s\n", name, value ? value : "", origin->text,
                   origin->locked ? ", locked" : "");
        }
    }
    if (fflush(stdout) != 0)
        return error_errno(err, FAIL_SERVICE, "output",
                           "cannot write to standard output");
    return 0;
}
