#include "tests/platform/login.h"

#include <string.h>

#include "tests/platform/config.h"
#include "tests/platform/consent.h"
#include "tests/platform/consent_form.h"
#include "tests/platform/redirect.h"
#include "tests/platform/second.h"
#include "tests/platform/sheet.h"
#include "tests/platform/uri.h"

static bool
is_good_redirect(const char *redirect_uri)
{
    const char *only = config_second_redirect_uri();
    struct uri uri;

    if (!uri_read(&uri, redirect_uri))
        return false;
    if (only)
        return strcmp(only, redirect_uri) == 0;
    return uri_is_loopback(&uri) || (strcmp(uri.scheme, "http") == 0 &&
                                     strcmp(uri.host, "localhost") == 0);
}

/* What is so wrong that the browser is not sent back, or NULL. */
static const char *
distrust(const struct request *request)
{
    const char *client_id = request_query(request, "client_id");
    const char *redirect_uri = request_query(request, "redirect_uri");

    if (request_repeats_query(request))
        return "A parameter was given twice.";
    if (!client_id || strcmp(client_id, second_client_id()) != 0)
        return "The application is not known.";
    if (!redirect_uri || !is_good_redirect(redirect_uri))
        return "The redirect_uri is not that of the application.";
    return NULL;
}

static void
ask_who(struct consent *consent, const char *wrong, unsigned status,
        struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet, "Sign in");
    fputs("<h1>Sign in to the second service</h1>\n", sheet.out);
    if (wrong)
        fprintf(sheet.out, "<p class=\"wrong\" role=\"alert\">%s</p>\n",
                wrong);
    consent_form_begin(&sheet, consent, LOGIN_PATH);
    fputs("<label for=\"user\">User name</label>\n"
          "<input type=\"text\" id=\"user\" name=\"user\" "
          "autocomplete=\"username\" required autofocus>\n"
          "<label for=\"password\">Password</label>\n"
          "<input type=\"password\" id=\"password\" name=\"password\" "
          "autocomplete=\"current-password\" required>\n"
          "<div class=\"row\"><button class=\"yes\">Sign in</button></div>\n"
          "</form>\n",
          sheet.out);
    sheet_end(&sheet, status, reply);
}

static void
ask_whether(struct consent *consent, struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet, "Grant access");
    fputs("<h1>Grant access to <q>", sheet.out);
    sheet_escape(sheet.out, consent->client_id);
    fputs("</q>?</h1>\n<p>It can do on your behalf: <b>", sheet.out);
    sheet_escape(sheet.out, consent->scope);
    fputs("</b>.</p>\n", sheet.out);
    consent_form_begin(&sheet, consent, LOGIN_PATH);
    consent_form_end(&sheet, consent, "Grant", reply);
}

void
login_get(const struct request *request, struct reply *reply)
{
    const char *wrong = distrust(request);
    const char *type = request_query(request, "response_type");
    const char *scope = request_query(request, "scope");
    struct consent_question question = {
        .port = PORT_SECOND,
        .client_id = request_query(request, "client_id"),
        .redirect_uri = request_query(request, "redirect_uri"),
        .scope = scope && *scope ? scope : "basic",
        .state = request_query(request, "state"),
    };
    struct redirect_answer answer = {"error", NULL, question.state, NULL};

    if (wrong) {
        sheet_say("This address is not good", wrong, 400, reply);
        return;
    }
    answer.value = type ? "unsupported_response_type" : "invalid_request";
    if (!type || strcmp(type, "code") != 0)
        redirect_send(reply, redirect_address(question.redirect_uri,
                                              "second-redirect", &answer));
    else if (config()->approve_after >= 0)
        redirect_send(reply, consent_approve(consent_new(&question), NULL));
    else
        ask_who(consent_new(&question), NULL, 200, reply);
}

/* The first form. There is only one at a time, so the next is the second. */
static void
sign_in(struct consent *consent, const struct form *form, struct reply *reply)
{
    const char *user = form_get(form, "user");
    const char *password = form_get(form, "password");

    if (!user || !password || strcmp(user, second_user()) != 0 ||
        strcmp(password, second_password()) != 0) {
        ask_who(consent, "That is not right.", 403, reply);
        return;
    }
    consent->signed_in = true;
    ask_whether(consent, reply);
}

void
login_post(const struct request *request, struct reply *reply)
{
    struct consent *consent = consent_form_read(request, PORT_SECOND, reply);

    if (!consent)
        return;
    if (consent->signed_in)
        consent_form_decide(consent, &request->form, reply);
    else
        sign_in(consent, &request->form, reply);
}
