#include "tests/platform/authorize.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/application.h"
#include "tests/platform/config.h"
#include "tests/platform/consent.h"
#include "tests/platform/pick.h"
#include "tests/platform/pkce.h"
#include "tests/platform/redirect.h"
#include "tests/platform/scope.h"
#include "tests/platform/sheet.h"
#include "tests/platform/stub.h"
#include "tests/platform/uri.h"

/* What is so wrong that the browser is not sent back, or NULL. */
static const char *
distrust(const struct request *request)
{
    const char *client_id = request_query(request, "client_id");
    const char *redirect_uri = request_query(request, "redirect_uri");

    if (request_repeats_query(request))
        return "A parameter was given twice.";
    if (!client_id || !application_is_known(client_id))
        return "The application is not known.";
    if (!redirect_uri || !application_allows(client_id, redirect_uri))
        return "The application did not register this redirect_uri.";
    return NULL;
}

/* The error that the browser brings back, or NULL. */
static const char *
mistake(const struct request *request)
{
    const char *type = request_query(request, "response_type");
    const char *scope = request_query(request, "scope");
    const char *challenge = request_query(request, "code_challenge");
    const char *method = request_query(request, "code_challenge_method");

    if (!type)
        return "invalid_request";
    if (strcmp(type, "code") != 0)
        return "unsupported_response_type";
    if (!challenge || !pkce_is_challenge(challenge) || !method ||
        strcmp(method, "S256") != 0)
        return "invalid_request";
    if (!scope || strcmp(scope, SCOPE_KEY) != 0)
        return "invalid_scope";
    return NULL;
}

/* Sends the browser to address, which is used up. */
static void
leave(struct reply *reply, char *address)
{
    redirect_send(reply, address);
    free(address);
}

static void
write_form(struct sheet *sheet, struct consent *consent)
{
    fprintf(sheet->out,
            "<form action=\"/getKeys/authorize\" method=\"post\">\n"
            "<input type=\"hidden\" name=\"consent\" value=\"%s\">\n"
            "<input type=\"hidden\" name=\"form\" value=\"%s\">\n",
            consent->id, stub_new(&consent->stubs));
    pick_write(sheet->out);
    fputs("<div class=\"row\">"
          "<button name=\"decision\" value=\"refuse\">Refuse</button>"
          "<button class=\"yes\" name=\"decision\" value=\"approve\">Approve"
          "</button></div>\n</form>\n",
          sheet->out);
}

static void
ask(struct consent *consent, struct reply *reply)
{
    struct sheet sheet;
    struct uri back = {.origin = ""};

    uri_read(&back, consent->redirect_uri);
    sheet_begin(&sheet, "Share an API key");
    fputs("<h1>Share an API key with <b>", sheet.out);
    sheet_escape(sheet.out, application_host(consent->client_id));
    fputs("</b>?</h1>\n<p>Approve only if you started this yourself. The "
          "application can use the API key, and spend credit, till you delete "
          "it.</p>\n<p>You will go back to <b>",
          sheet.out);
    sheet_escape(sheet.out, back.origin);
    fputs("</b>.</p>\n", sheet.out);
    write_form(&sheet, consent);
    sheet.target = *back.host == '[' ? "http:" : back.origin;
    sheet_end(&sheet, 200, reply);
}

void
authorize_get(const struct request *request, struct reply *reply)
{
    const char *wrong = distrust(request);
    struct consent_question question = {
        .port = PORT_PLATFORM,
        .client_id = request_query(request, "client_id"),
        .redirect_uri = request_query(request, "redirect_uri"),
        .scope = request_query(request, "scope"),
        .state = request_query(request, "state"),
        .challenge = request_query(request, "code_challenge"),
        .issuer = request->base,
    };
    struct redirect_answer answer = {"error", NULL, question.state,
                                     question.issuer};

    if (wrong) {
        sheet_say("This address is not good", wrong, 400, reply);
        return;
    }
    answer.value = mistake(request);
    if (answer.value)
        leave(reply,
              redirect_address(question.redirect_uri, "redirect", &answer));
    else if (config()->approve_after >= 0)
        leave(reply, consent_approve(consent_new(&question), NULL));
    else
        ask(consent_new(&question), reply);
}

static void
decide(struct consent *consent, const struct form *form, struct reply *reply)
{
    const char *decision = form_get(form, "decision");
    struct pick pick;

    if (decision && strcmp(decision, "refuse") == 0)
        leave(reply, consent_deny(consent));
    else if (decision && strcmp(decision, "approve") == 0 &&
             pick_read(&pick, form_get(form, "key")))
        leave(reply, consent_approve(consent, &pick));
    else
        sheet_say("That was no decision", "Go back and look again.", 400,
                  reply);
}

void
authorize_post(const struct request *request, struct reply *reply)
{
    const char *id = form_get(&request->form, "consent");
    const char *form = form_get(&request->form, "form");
    struct consent *consent = id ? consent_find(PORT_PLATFORM, id) : NULL;

    if (!request->has_form || request->form_wrong || !consent)
        sheet_say("That form is not good", "Start again.", 400, reply);
    else if (consent_status(consent) != CONSENT_PENDING)
        sheet_say("Too late", "This was decided already, or has expired.", 409,
                  reply);
    else if (!stub_take(&consent->stubs, form))
        sheet_say("That form is not good any more", "Start again.", 403,
                  reply);
    else
        decide(consent, &request->form, reply);
}
