#include "tests/platform/page.h"

#include <stdio.h>
#include <string.h>

#include "tests/platform/application.h"
#include "tests/platform/client.h"
#include "tests/platform/code.h"
#include "tests/platform/org.h"
#include "tests/platform/pick.h"
#include "tests/platform/scope.h"
#include "tests/platform/sheet.h"
#include "tests/platform/stub.h"

static void
ask_for_code(const char *wrong, unsigned status, struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet, "Connect a device");
    fputs("<h1>Connect a device</h1>\n", sheet.out);
    if (wrong)
        fprintf(sheet.out, "<p class=\"wrong\" role=\"alert\">%s</p>\n",
                wrong);
    fputs("<form action=\"/device\" method=\"get\">\n"
          "<label for=\"code\">Type the code that the device shows</label>\n"
          "<input type=\"text\" class=\"code\" id=\"code\" name=\"user_code\" "
          "placeholder=\"XXXX-XXXX\" maxlength=\"12\" autocomplete=\"off\" "
          "autocapitalize=\"characters\" spellcheck=\"false\" required "
          "autofocus>\n"
          "<div class=\"row\"><button class=\"yes\">Continue</button></div>\n"
          "</form>\n",
          sheet.out);
    sheet_end(&sheet, status, reply);
}

/* Who asks, as the person knows it. */
static const char *
asker(const struct code *code)
{
    return code->for_key ? application_host(code->client_id)
                         : client_name(code->client_id);
}

static void
write_scopes(FILE *out, const char *scope)
{
    const char *words;

    fputs("<p>It will be able to:</p>\n<ul>\n", out);
    while ((words = scope_next_words(&scope)))
        fprintf(out, "<li>%s</li>\n", words);
    fputs("</ul>\n", out);
}

static void
write_orgs(FILE *out)
{
    const struct org *first = org_first();

    if (!first->next) {
        fputs("<p>Organization: <b>", out);
        sheet_escape(out, first->name);
        fputs("</b></p>\n<input type=\"hidden\" name=\"org_id\" value=\"",
              out);
        sheet_escape(out, first->id);
        fputs("\">\n", out);
        return;
    }
    fputs("<fieldset><legend>Organization</legend>\n", out);
    for (const struct org *i = first; i; i = i->next) {
        fputs("<label><input type=\"radio\" name=\"org_id\" value=\"", out);
        sheet_escape(out, i->id);
        fprintf(out, "\"%s> ", i == first ? " checked" : "");
        sheet_escape(out, i->name);
        fputs("</label>\n", out);
    }
    fputs("</fieldset>\n", out);
}

static void
ask_for_decision(struct code *code, struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet, "Connect a device");
    fputs("<h1><q>", sheet.out);
    sheet_escape(sheet.out, asker(code));
    fputs("</q> asks for access</h1>\n"
          "<p>Approve only if you started this yourself and the device shows "
          "this very code:</p>\n",
          sheet.out);
    fprintf(sheet.out, "<div class=\"code\">%s</div>\n", code->user_code);
    if (code->for_key)
        fputs("<p>It gets the API key that you pick.</p>\n", sheet.out);
    else
        write_scopes(sheet.out, code->scope);
    fprintf(sheet.out,
            "<form action=\"/device\" method=\"post\">\n"
            "<input type=\"hidden\" name=\"user_code\" value=\"%s\">\n"
            "<input type=\"hidden\" name=\"form\" value=\"%s\">\n",
            code->user_code, stub_new(&code->stubs));
    if (code->for_key)
        pick_write(sheet.out);
    else
        write_orgs(sheet.out);
    sheet_decide(&sheet, "Approve");
    sheet_end(&sheet, 200, reply);
}

/* The pending code a person named; NULL, and answered, if there is none. */
static struct code *
pending(const char *typed, struct reply *reply)
{
    struct code *code =
        strcmp(typed, "any") == 0 ? NULL : code_by_user_code(typed);

    if (!code) {
        ask_for_code("There is no such code. Look again.", 404, reply);
        return NULL;
    }
    switch (code_state(code)) {
    case CODE_PENDING:
        return code;
    case CODE_EXPIRED:
        ask_for_code("This code has expired. Start again on the device.", 410,
                     reply);
        return NULL;
    default:
        ask_for_code("This code has been used already.", 409, reply);
        return NULL;
    }
}

void
page_get(const struct request *request, struct reply *reply)
{
    const char *typed = request_query(request, "user_code");
    struct code *code;

    if (!typed || !*typed) {
        ask_for_code(NULL, 200, reply);
        return;
    }
    code = pending(typed, reply);
    if (code)
        ask_for_decision(code, reply);
}

/* Approves what the form picked; false when there is no such. */
static bool
approve(struct code *code, const struct form *form)
{
    const char *org_id = form_get(form, "org_id");
    const struct org *org = org_id ? org_find(org_id) : org_first();

    if (code->for_key && !pick_read(&code->pick, form_get(form, "key")))
        return false;
    return org && code_approve(code, org->id);
}

static void
decide(struct code *code, const struct form *form, const char *decision,
       struct reply *reply)
{
    if (strcmp(decision, "refuse") == 0) {
        code_deny(code);
        sheet_say("Refused", "The device gets no access.", 200, reply);
    } else if (strcmp(decision, "approve") == 0 && approve(code, form)) {
        sheet_say("Device connected",
                  "You can close this page and go back to the device.", 200,
                  reply);
    } else {
        ask_for_code("That was no decision.", 400, reply);
    }
}

void
page_post(const struct request *request, struct reply *reply)
{
    const char *typed = form_get(&request->form, "user_code");
    const char *form = form_get(&request->form, "form");
    const char *decision = form_get(&request->form, "decision");
    struct code *code;

    if (!request->has_form || request->form_wrong || !typed || !decision) {
        ask_for_code("That form was not complete.", 400, reply);
        return;
    }
    code = pending(typed, reply);
    if (!code)
        return;
    if (!stub_take(&code->stubs, form))
        ask_for_code("That form is not good any more.", 403, reply);
    else
        decide(code, &request->form, decision, reply);
}
