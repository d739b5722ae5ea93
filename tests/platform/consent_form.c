#include "tests/platform/consent_form.h"

#include <string.h>

#include "tests/platform/pick.h"
#include "tests/platform/redirect.h"
#include "tests/platform/stub.h"
#include "tests/platform/uri.h"

void
consent_form_begin(struct sheet *sheet, struct consent *consent,
                   const char *action)
{
    fprintf(sheet->out,
            "<form action=\"%s\" method=\"post\">\n"
            "<input type=\"hidden\" name=\"consent\" value=\"%s\">\n"
            "<input type=\"hidden\" name=\"form\" value=\"%s\">\n",
            action, consent->id, stub_new(&consent->stubs));
}

void
consent_form_end(struct sheet *sheet, const struct consent *consent,
                 const char *yes, struct reply *reply)
{
    struct uri back = {.origin = ""};

    uri_read(&back, consent->redirect_uri);
    sheet_decide(sheet, yes);
    sheet->target = *back.host == '[' ? "http:" : back.origin;
    sheet_end(sheet, 200, reply);
}

struct consent *
consent_form_read(const struct request *request, enum port port,
                  struct reply *reply)
{
    const char *id = form_get(&request->form, "consent");
    const char *form = form_get(&request->form, "form");
    struct consent *consent = id ? consent_find(port, id) : NULL;

    if (!request->has_form || request->form_wrong || !consent)
        sheet_say("That form is not good", "Start again.", 400, reply);
    else if (consent_status(consent) != CONSENT_PENDING)
        sheet_say("Too late", "This was decided already, or has expired.", 409,
                  reply);
    else if (!stub_take(&consent->stubs, form))
        sheet_say("That form is not good any more", "Start again.", 403,
                  reply);
    else
        return consent;
    return NULL;
}

void
consent_form_decide(struct consent *consent, const struct form *form,
                    struct reply *reply)
{
    const char *decision = form_get(form, "decision");
    struct pick pick;

    if (decision && strcmp(decision, "refuse") == 0)
        redirect_send(reply, consent_deny(consent));
    else if (decision && strcmp(decision, "approve") == 0 &&
             pick_read(&pick, form_get(form, "key")))
        redirect_send(reply, consent_approve(consent, &pick));
    else
        sheet_say("That was no decision", "Go back and look again.", 400,
                  reply);
}
