#include "tests/platform/pick.h"

#include <string.h>

#include "tests/platform/sheet.h"

bool
pick_read(struct pick *out, const char *text)
{
    const struct key *key;

    memset(out, 0, sizeof(*out));
    if (!text || strcmp(text, "new") == 0)
        return true;
    if (strncmp(text, "new:", 4) == 0) {
        out->org = org_find(text + 4);
        return out->org;
    }
    key = key_find(text);
    if (!key)
        return false;
    memcpy(out->key_id, key->id, sizeof(out->key_id));
    return true;
}

static void
write_keys(FILE *out, const struct org *org)
{
    for (const struct key *i = key_next(NULL); i; i = key_next(i)) {
        if (strcmp(i->org_id, org->id) != 0)
            continue;
        fprintf(out,
                "<label><input type=\"radio\" name=\"key\" value=\"%s\"> ",
                i->id);
        sheet_escape(out, i->name);
        fputs("</label>\n", out);
    }
}

void
pick_write(FILE *out)
{
    const struct org *first = org_first();

    for (const struct org *i = first; i; i = i->next) {
        fputs("<fieldset><legend>API key of ", out);
        sheet_escape(out, i->name);
        fputs("</legend>\n<label><input type=\"radio\" name=\"key\" "
              "value=\"new:",
              out);
        sheet_escape(out, i->id);
        fprintf(out, "\"%s> Make a new one</label>\n",
                i == first ? " checked" : "");
        write_keys(out, i);
        fputs("</fieldset>\n", out);
    }
}

const struct key *
pick_take(const struct pick *pick, const char *name)
{
    struct org *org;
    char raw[SECRET_LENGTH];

    if (*pick->key_id)
        return key_find(pick->key_id);
    org = org_ensure(pick->org ? pick->org->id : NULL, NULL);
    return key_new(org, org_cli_app(org), name, raw);
}
