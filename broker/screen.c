#include "broker/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/url.h"
#include "lib/wrap/qr.h"

#define SCREEN_INDENT 4

/* Five columns, five rows, a bit a dot: the left one is the highest. */
struct glyph {
    char character;
    unsigned char row[5];
};

static const struct glyph screen_glyphs[] = {
    {'-', {0x00, 0x00, 0x0e, 0x00, 0x00}},
    {'0', {0x0e, 0x11, 0x15, 0x11, 0x0e}},
    {'1', {0x04, 0x0c, 0x04, 0x04, 0x0e}},
    {'2', {0x1e, 0x01, 0x0e, 0x10, 0x1f}},
    {'3', {0x1e, 0x01, 0x0e, 0x01, 0x1e}},
    {'4', {0x12, 0x12, 0x1f, 0x02, 0x02}},
    {'5', {0x1f, 0x10, 0x1e, 0x01, 0x1e}},
    {'6', {0x0e, 0x10, 0x1e, 0x11, 0x0e}},
    {'7', {0x1f, 0x01, 0x02, 0x04, 0x04}},
    {'8', {0x0e, 0x11, 0x0e, 0x11, 0x0e}},
    {'9', {0x0e, 0x11, 0x0f, 0x01, 0x0e}},
    {'A', {0x0e, 0x11, 0x1f, 0x11, 0x11}},
    {'B', {0x1e, 0x11, 0x1e, 0x11, 0x1e}},
    {'C', {0x0f, 0x10, 0x10, 0x10, 0x0f}},
    {'D', {0x1e, 0x11, 0x11, 0x11, 0x1e}},
    {'E', {0x1f, 0x10, 0x1e, 0x10, 0x1f}},
    {'F', {0x1f, 0x10, 0x1e, 0x10, 0x10}},
    {'G', {0x0f, 0x10, 0x13, 0x11, 0x0f}},
    {'H', {0x11, 0x11, 0x1f, 0x11, 0x11}},
    {'I', {0x0e, 0x04, 0x04, 0x04, 0x0e}},
    {'J', {0x07, 0x02, 0x02, 0x12, 0x0c}},
    {'K', {0x12, 0x14, 0x18, 0x14, 0x12}},
    {'L', {0x10, 0x10, 0x10, 0x10, 0x1f}},
    {'M', {0x11, 0x1b, 0x15, 0x11, 0x11}},
    {'N', {0x11, 0x19, 0x15, 0x13, 0x11}},
    {'O', {0x0e, 0x11, 0x11, 0x11, 0x0e}},
    {'P', {0x1e, 0x11, 0x1e, 0x10, 0x10}},
    {'Q', {0x0e, 0x11, 0x15, 0x12, 0x0d}},
    {'R', {0x1e, 0x11, 0x1e, 0x12, 0x11}},
    {'S', {0x0f, 0x10, 0x0e, 0x01, 0x1e}},
    {'T', {0x1f, 0x04, 0x04, 0x04, 0x04}},
    {'U', {0x11, 0x11, 0x11, 0x11, 0x0e}},
    {'V', {0x11, 0x11, 0x11, 0x0a, 0x04}},
    {'W', {0x11, 0x11, 0x15, 0x1b, 0x11}},
    {'X', {0x11, 0x0a, 0x04, 0x0a, 0x11}},
    {'Y', {0x11, 0x0a, 0x04, 0x04, 0x04}},
    {'Z', {0x1f, 0x02, 0x04, 0x08, 0x1f}},
};

static void
screen_measure(struct screen *screen)
{
    struct winsize size = {0};

    if (ioctl(screen->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        screen->columns = size.ws_col;
}

void
screen_init(struct screen *screen, int fd, const char *service)
{
    const char *term = getenv("TERM");

    *screen = (struct screen){.fd = fd, .service = service, .columns = 80};
    setlocale(LC_CTYPE, "");
    screen->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    screen->terminal = isatty(fd) && term && strcmp(term, "dumb") != 0;
    screen_measure(screen);
}

static const struct glyph *
screen_find_glyph(char character)
{
    if (character >= 'a' && character <= 'z')
        character = (char)(character - 'a' + 'A');
    for (size_t i = 0; i < sizeof screen_glyphs / sizeof *screen_glyphs; i++)
        if (screen_glyphs[i].character == character)
            return &screen_glyphs[i];
    return NULL;
}

/* One terminal row holds two rows of dots. */
static int
screen_draw_row(struct secret *out, const char *text, int row)
{
    static const char *const dots[] = {" ", "\u2584", "\u2580", "\u2588"};
    int result = 0;

    for (; *text; text++) {
        const struct glyph *glyph = screen_find_glyph(*text);

        for (int bit = 4; glyph && bit >= -1; bit--) {
            int above = bit >= 0 ? glyph->row[row] >> bit & 1 : 0;
            int below =
                bit >= 0 && row < 4 ? glyph->row[row + 1] >> bit & 1 : 0;
            result |= secret_append_text(out, dots[above * 2 + below]);
        }
    }
    return result | secret_append_text(out, "\n");
}

static int
screen_put_indent(struct secret *out, int indent)
{
    int result = 0;

    while (indent-- > 0)
        result |= secret_append_text(out, " ");
    return result;
}

int
screen_draw_large(struct secret *out, const char *text, int indent)
{
    int result = 0;

    for (int row = 0; row < 5; row += 2)
        result |=
            screen_put_indent(out, indent) | screen_draw_row(out, text, row);
    return result;
}

static int
screen_put_line(struct secret *out, int indent, const char *text)
{
    return screen_put_indent(out, indent) | secret_append_text(out, text) |
           secret_append_text(out, "\n");
}

static void
screen_put_code(const struct screen *screen, struct secret *out,
                const char *code)
{
    int width = (int)strlen(code) * 6 + SCREEN_INDENT;

    if (screen->terminal && screen->utf8 && width <= screen->columns) {
        screen_draw_large(out, code, SCREEN_INDENT);
        secret_append_text(out, "\n");
    }
    screen_put_indent(out, SCREEN_INDENT);
    secret_append_text(out, screen->terminal ? "\033[1m" : "");
    secret_append_text(out, code);
    secret_append_text(out, screen->terminal ? "\033[0m\n\n" : "\n\n");
}

static void
screen_put_qr(const struct screen *screen, struct secret *out,
              const char *address)
{
    CLEANUP(secret_release) struct secret picture = SECRET_INIT;
    int width;

    if (!screen->terminal || !screen->utf8 ||
        qr_draw(address, SCREEN_INDENT, 1, screen->columns - SCREEN_INDENT,
                &picture, &width) < 0)
        return;
    secret_append(out, picture.data, picture.len);
    secret_append_text(out, "\n");
}

void
screen_show_code(struct screen *screen, const struct device_code *code)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    const char *address = code->verification_uri_complete
                              ? code->verification_uri_complete
                              : code->verification_uri;
    char line[128];

    snprintf(line, sizeof line, "To connect this machine to %s, open",
             screen->service);
    secret_append_text(&out, "\n");
    screen_put_line(&out, 2, line);
    secret_append_text(&out, "\n");
    screen_put_line(&out, SCREEN_INDENT, address);
    secret_append_text(&out, "\n");
    screen_put_line(&out, 2,
                    code->verification_uri_complete
                        ? "and approve, if the page shows this code:"
                        : "and enter this code:");
    secret_append_text(&out, "\n");
    screen_put_code(screen, &out, code->user_code);
    screen_put_qr(screen, &out, address);
    if (out.data)
        file_write_all(screen->fd, out.data, out.len);
}

/* The one way for a browser at the other end of ssh to come back here. */
static void
screen_put_forward(struct secret *out, const char *redirect)
{
    struct url url;
    char line[128];

    if (url_parse(&url, redirect, NULL) < 0)
        return;
    snprintf(line, sizeof line, "ssh -L %d:127.0.0.1:%d THIS-MACHINE",
             url.port, url.port);
    screen_put_line(out, 2,
                    "For a browser of yours elsewhere, run there first");
    secret_append_text(out, "\n");
    screen_put_line(out, SCREEN_INDENT, line);
    secret_append_text(out, "\n");
}

void
screen_show_address(struct screen *screen, const struct screen_address *shown)
{
    CLEANUP(secret_release) struct secret out = SECRET_INIT;
    char line[128];

    snprintf(line, sizeof line,
             shown->opened ? "Your browser opens the page where you connect "
                             "this machine to %s."
                           : "To connect this machine to %s, open in a "
                             "browser of this machine",
             screen->service);
    secret_append_text(&out, "\n");
    screen_put_line(&out, 2, line);
    if (shown->opened)
        screen_put_line(&out, 2, "If it does not, open");
    secret_append_text(&out, "\n");
    screen_put_line(&out, SCREEN_INDENT, shown->address);
    secret_append_text(&out, "\n");
    if (shown->redirect)
        screen_put_forward(&out, shown->redirect);
    if (out.data)
        file_write_all(screen->fd, out.data, out.len);
}

/* What stands around the time: of these the first that fits into a row, for
 * what goes on in the next one would stay there each time. */
static const struct {
    const char *before, *behind;
} screen_times[] = {
    {"  Waiting for your approval, ", " left. Ctrl-C gives up."},
    {"  ", " left. Ctrl-C gives up."},
    {"", ""},
};

void
screen_show_time(struct screen *screen, int64_t left_ms)
{
    char line[128] = "\r\033[K", *text = line + strlen(line);
    size_t room = sizeof line - strlen(line);
    int64_t seconds = left_ms > 0 ? (left_ms + 999) / 1000 : 0;

    if (!screen->terminal)
        return;
    screen_measure(screen); /* a window may have another size by now */
    for (size_t i = 0; i < sizeof screen_times / sizeof *screen_times; i++)
        if (snprintf(text, room, "%s%lld:%02lld%s", screen_times[i].before,
                     (long long)seconds / 60, (long long)seconds % 60,
                     screen_times[i].behind) < screen->columns)
            break;
    file_write_all(screen->fd, line, strlen(line));
    screen->line_open = true;
}

void
screen_end_time(struct screen *screen)
{
    if (screen->line_open)
        file_write_all(screen->fd, "\r\033[K", 4);
    screen->line_open = false;
}
