#include "tests/platform/authorize.h"

#include <string.h>

#include "tests/platform/application.h"
#include "tests/platform/config.h"
#include "tests/platform/consent.h"
#include "tests/platform/consent_form.h"
#include "tests/platform/pick.h"
#include "tests/platform/pkce.h"
#include "tests/platform/redirect.h"
#include "tests/platform/scope.h"
#include "tests/platform/sheet.h"
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
    consent_form_begin(&sheet, consent, "/getKeys/authorize");
    pick_write(sheet.out);
    consent_form_end(&sheet, consent, "Approve", reply);
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
        redirect_send(reply, redirect_address(question.redirect_uri,
                                              "redirect", &answer));
    else if (config()->approve_after >= 0)
        redirect_send(reply, consent_approve(consent_new(&question), NULL));
    else
        ask(consent_new(&question), reply);
}

void
authorize_post(const struct request *request, struct reply *reply)
{
    struct consent *consent = consent_form_read(request, PORT_PLATFORM, reply);

    if (consent)
        consent_form_decide(consent, &request->form, reply);
}
