#include "tests/platform/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/client.h"
#include "tests/platform/code.h"
#include "tests/platform/org.h"
#include "tests/platform/scope.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Connect a device</title>\n<style>\n"
    "body{margin:0;background:#f4f4f1;color:#1d1d1b;"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "main{max-width:27rem;margin:8vh auto;background:#fff;padding:2.2rem;"
    "border:1px solid #e2e2dc;border-radius:14px;"
    "box-shadow:0 12px 40px rgba(0,0,0,.06)}\n"
    "h1{font-size:1.35rem;line-height:1.3;margin:0 0 .8rem}\n"
    "p{margin:.6rem 0}\n"
    ".code{font:600 1.9rem/1 ui-monospace,monospace;letter-spacing:.12em;"
    "text-align:center;background:#f4f4f1;border-radius:10px;padding:1rem;"
    "margin:1.2rem 0}\n"
    "ul{padding-left:1.2rem;margin:.4rem 0 1rem}\n"
    "fieldset{border:1px solid #e2e2dc;border-radius:10px;margin:1rem 0;"
    "padding:.6rem 1rem}\n"
    "label{display:block;padding:.2rem 0}\n"
    "input[type=text]{width:100%;box-sizing:border-box;padding:.8rem;"
    "border:1px solid #bbb;border-radius:10px;letter-spacing:.12em;"
    "text-transform:uppercase;font:600 1.4rem ui-monospace,monospace;"
    "text-align:center;margin:.8rem 0}\n"
    ".row{display:flex;gap:.8rem;margin-top:1.4rem}\n"
    "button{flex:1;padding:.8rem;border-radius:10px;border:1px solid #1d1d1b;"
    "background:#fff;color:#1d1d1b;font:600 1rem system-ui,sans-serif;"
    "cursor:pointer}\n"
    "button.yes{background:#1d1d1b;color:#fff}\n"
    ".wrong{background:#fdecea;color:#8a1c10;border-radius:10px;"
    "padding:.7rem 1rem}\n"
    "small{color:#6b6b66}\n"
    "</style>\n</head>\n<body>\n<main>\n";

static const char foot[] =
    "<p><small>This is a sandbox: it approves nothing real.</small></p>\n"
    "</main>\n</body>\n</html>\n";

/* A page being written. */
struct sheet {
    FILE *out;
    char *bytes;
    size_t length;
};

static void
sheet_begin(struct sheet *sheet)
{
    sheet->out = open_memstream(&sheet->bytes, &sheet->length);
    if (!sheet->out)
        abort();
    fputs(head, sheet->out);
}

static void
sheet_end(struct sheet *sheet, unsigned status, struct reply *reply)
{
    fputs(foot, sheet->out);
    if (fclose(sheet->out) != 0)
        abort();
    reply_bytes(reply, status, "text/html; charset=utf-8", sheet->bytes,
                sheet->length);
    reply_header(reply, "Content-Security-Policy",
                 "default-src 'none'; style-src 'unsafe-inline'; "
                 "form-action 'self'; frame-ancestors 'none'; "
                 "base-uri 'none'");
    reply_header(reply, "Referrer-Policy", "no-referrer");
    reply_header(reply, "X-Content-Type-Options", "nosniff");
    reply_header(reply, "X-Frame-Options", "DENY");
}

/* Writes text with everything escaped that means something in HTML. */
static void
escape(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void
ask_for_code(const char *wrong, unsigned status, struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet);
    fputs("<h1>Connect a device</h1>\n", sheet.out);
    if (wrong)
        fprintf(sheet.out, "<p class=\"wrong\" role=\"alert\">%s</p>\n",
                wrong);
    fputs("<form action=\"/device\" method=\"get\">\n"
          "<label for=\"code\">Type the code that the device shows</label>\n"
          "<input type=\"text\" id=\"code\" name=\"user_code\" "
          "placeholder=\"XXXX-XXXX\" maxlength=\"12\" autocomplete=\"off\" "
          "autocapitalize=\"characters\" spellcheck=\"false\" required "
          "autofocus>\n"
          "<div class=\"row\"><button class=\"yes\">Continue</button></div>\n"
          "</form>\n",
          sheet.out);
    sheet_end(&sheet, status, reply);
}

static void
show_result(const char *title, const char *text, unsigned status,
            struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet);
    fprintf(sheet.out, "<h1>%s</h1>\n<p>%s</p>\n", title, text);
    sheet_end(&sheet, status, reply);
}

/* Makes a one-time value for a form of this code. */
static const char *
new_form(struct code *code)
{
    char *form = code->forms[code->next_form++ % CODE_FORMS];

    secret_make(form, "");
    return form;
}

/* Takes a form's one-time value back; false when it is not good (any more). */
static bool
take_form(struct code *code, const char *value)
{
    for (int i = 0; i < CODE_FORMS; i++)
        if (*code->forms[i] && strcmp(code->forms[i], value) == 0) {
            code->forms[i][0] = '\0';
            return true;
        }
    return false;
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
        escape(out, first->name);
        fputs("</b></p>\n<input type=\"hidden\" name=\"org_id\" value=\"",
              out);
        escape(out, first->id);
        fputs("\">\n", out);
        return;
    }
    fputs("<fieldset><legend>Organization</legend>\n", out);
    for (const struct org *i = first; i; i = i->next) {
        fputs("<label><input type=\"radio\" name=\"org_id\" value=\"", out);
        escape(out, i->id);
        fprintf(out, "\"%s> ", i == first ? " checked" : "");
        escape(out, i->name);
        fputs("</label>\n", out);
    }
    fputs("</fieldset>\n", out);
}

static void
ask_for_decision(struct code *code, struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet);
    fputs("<h1><q>", sheet.out);
    escape(sheet.out, client_name(code->client_id));
    fputs("</q> asks for access</h1>\n"
          "<p>Approve only if you started this yourself and the device shows "
          "this very code:</p>\n",
          sheet.out);
    fprintf(sheet.out, "<div class=\"code\">%s</div>\n", code->user_code);
    write_scopes(sheet.out, code->scope);
    fprintf(sheet.out,
            "<form action=\"/device\" method=\"post\">\n"
            "<input type=\"hidden\" name=\"user_code\" value=\"%s\">\n"
            "<input type=\"hidden\" name=\"form\" value=\"%s\">\n",
            code->user_code, new_form(code));
    write_orgs(sheet.out);
    fputs("<div class=\"row\">"
          "<button name=\"decision\" value=\"refuse\">Refuse</button>"
          "<button class=\"yes\" name=\"decision\" value=\"approve\">Approve"
          "</button></div>\n</form>\n",
          sheet.out);
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

static void
decide(struct code *code, const char *decision, const char *org_id,
       struct reply *reply)
{
    const struct org *org = org_id ? org_find(org_id) : org_first();

    if (strcmp(decision, "refuse") == 0) {
        code_deny(code);
        show_result("Refused", "The device gets no access.", 200, reply);
    } else if (strcmp(decision, "approve") == 0 && org) {
        code_approve(code, org->id);
        show_result("Device connected",
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
    if (!form || !take_form(code, form))
        ask_for_code("That form is not good any more.", 403, reply);
    else
        decide(code, decision, form_get(&request->form, "org_id"), reply);
}
