#include "tests/platform/sheet.h"

#include <stdlib.h>

#include "tests/platform/memory.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>";

static const char style[] =
    "</title>\n<style>\n"
    "body{margin:0;background:#f4f4f1;color:#1d1d1b;"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "main{max-width:27rem;margin:8vh auto;background:#fff;padding:2.2rem;"
    "border:1px solid #e2e2dc;border-radius:14px;"
    "box-shadow:0 12px 40px rgba(0,0,0,.06)}\n"
    "h1{font-size:1.35rem;line-height:1.3;margin:0 0 .8rem}\n"
    "p{margin:.6rem 0}\n"
    "div.code{font:600 1.9rem/1 ui-monospace,monospace;letter-spacing:.12em;"
    "text-align:center;background:#f4f4f1;border-radius:10px;padding:1rem;"
    "margin:1.2rem 0}\n"
    "ul{padding-left:1.2rem;margin:.4rem 0 1rem}\n"
    "fieldset{border:1px solid #e2e2dc;border-radius:10px;margin:1rem 0;"
    "padding:.6rem 1rem}\n"
    "label{display:block;padding:.2rem 0}\n"
    "input[type=text],input[type=password]{width:100%;box-sizing:border-box;"
    "padding:.8rem;"
    "border:1px solid #bbb;border-radius:10px;"
    "font:inherit;margin:.3rem 0}\n"
    "input.code{letter-spacing:.12em;margin:.8rem 0;"
    "text-transform:uppercase;font:600 1.4rem ui-monospace,monospace}\n"
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

void
sheet_begin(struct sheet *sheet, const char *title)
{
    sheet->target = NULL;
    sheet->out = open_memstream(&sheet->bytes, &sheet->length);
    if (!sheet->out)
        abort();
    fputs(head, sheet->out);
    sheet_escape(sheet->out, title);
    fputs(style, sheet->out);
}

void
sheet_end(struct sheet *sheet, unsigned status, struct reply *reply)
{
    const char *target = sheet->target ? sheet->target : "";
    char *policy = memory_format("default-src 'none'; "
                                 "style-src 'unsafe-inline'; "
                                 "form-action 'self' %s; "
                                 "frame-ancestors 'none'; base-uri 'none'",
                                 target);

    fputs(foot, sheet->out);
    if (fclose(sheet->out) != 0)
        abort();
    reply_bytes(reply, status, "text/html; charset=utf-8", sheet->bytes,
                sheet->length);
    reply_header(reply, "Content-Security-Policy", policy);
    reply_header(reply, "Referrer-Policy", "no-referrer");
    reply_header(reply, "X-Content-Type-Options", "nosniff");
    reply_header(reply, "X-Frame-Options", "DENY");
    free(policy);
}

void
sheet_escape(FILE *out, const char *text)
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

void
sheet_decide(struct sheet *sheet, const char *yes)
{
    fprintf(sheet->out,
            "<div class=\"row\">"
            "<button name=\"decision\" value=\"refuse\">Refuse</button>"
            "<button class=\"yes\" name=\"decision\" value=\"approve\">%s"
            "</button></div>\n</form>\n",
            yes);
}

void
sheet_say(const char *title, const char *text, unsigned status,
          struct reply *reply)
{
    struct sheet sheet;

    sheet_begin(&sheet, title);
    fputs("<h1>", sheet.out);
    sheet_escape(sheet.out, title);
    fputs("</h1>\n<p>", sheet.out);
    sheet_escape(sheet.out, text);
    fputs("</p>\n", sheet.out);
    sheet_end(&sheet, status, reply);
}
