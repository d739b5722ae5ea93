#include "web/page.h"

#include <string.h>

const char page_style[] =
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;"
    "margin:18vh auto 0;padding:0 1.5rem}"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}"
    "h1::before{content:'';display:block;width:3rem;height:.35rem;"
    "border-radius:.2rem;margin-bottom:1.25rem;background:#888}"
    ".good h1::before{background:#1a7f4b}"
    ".bad h1::before{background:#b3361f}"
    "small{display:block;margin-top:2.5rem;opacity:.65}";

/* '%' in a text stands for the service's name. */
static const struct {
    const char *mood;
    const char *title;
    const char *text;
} page_texts[] = {
    [PAGE_DONE] = {"good", "You are signed in to %",
                   "It worked: this machine is connected to %. You can close "
                   "this page and go back to where you came from."},
    [PAGE_REFUSED] = {"bad", "You have refused",
                      "This machine is not connected to %, and nothing has "
                      "changed. You can close this page."},
    [PAGE_FAILED] = {"bad", "Signing in did not work",
                     "This machine is not connected to %. The program that "
                     "wanted to sign in says why. You can close this page."},
    [PAGE_ANSWERED] = {"", "This has been answered already",
                       "Another page or browser was first. If that was not "
                       "you, run: parallel-credential logout. You can close "
                       "this page."},
    [PAGE_USED] = {"", "This address has been used already",
                   "It works once. If it was not you who opened it, end the "
                   "program that wants to sign in, and start it again. You "
                   "can close this page."},
    [PAGE_WRONG] = {"", "This is not the answer that was waited for",
                    "Nothing has changed. If you are signing in, use the "
                    "address that the program shows now. You can close this "
                    "page."},
    [PAGE_MISSING] = {"", "There is no such page", "Nothing has changed."},
    [PAGE_METHOD] = {"", "This is not done here", "Nothing has changed."},
    [PAGE_ELSEWHERE] = {"", "One moment", "Your browser goes on by itself."},
};

static int
page_put_escaped(struct secret *out, const char *text)
{
    int result = 0;

    for (; *text; text++)
        switch (*text) {
        case '<':
            result |= secret_append_text(out, "&lt;");
            break;
        case '>':
            result |= secret_append_text(out, "&gt;");
            break;
        case '&':
            result |= secret_append_text(out, "&amp;");
            break;
        default:
            result |= secret_append(out, text, 1);
        }
    return result;
}

static int
page_put(struct secret *out, const char *text, const char *service)
{
    size_t len = strcspn(text, "%");
    int result = secret_append(out, text, len);

    if (text[len])
        result |= page_put_escaped(out, service) |
                  page_put(out, text + len + 1, service);
    return result;
}

int
page_write(enum page page, const char *service, struct secret *out)
{
    const char *title = page_texts[page].title;

    return secret_append_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
                                   "<meta charset=\"utf-8\"><meta name="
                                   "\"viewport\" content=\"width=device-width"
                                   "\">\n<title>") |
           page_put(out, title, service) |
           secret_append_text(out, "</title>\n<style>") |
           secret_append_text(out, page_style) |
           secret_append_text(out, "</style></head>\n<body class=\"") |
           secret_append_text(out, page_texts[page].mood) |
           secret_append_text(out, "\">\n<h1>") |
           page_put(out, title, service) |
           secret_append_text(out, "</h1>\n<p>") |
           page_put(out, page_texts[page].text, service) |
           secret_append_text(out, "</p>\n<small>parallel-credential, on this "
                                   "machine</small>\n</body></html>\n");
}
