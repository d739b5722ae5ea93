#include "lib/wrap/qr.h"

#include <qrencode.h>
#include <stdbool.h>

#include "lib/base/cleanup.h"

#define QR_QUIET 4 /* modules of margin, by the standard */

static void
qr_free(QRcode **code)
{
    QRcode_free(*code);
}

static bool
qr_is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1);
}

/* The character for a column's upper and lower module; ink is what is drawn:
 * the dark ones on a light ground, or the light ones on a dark one. */
static const char *
qr_block(bool upper, bool lower)
{
    if (upper)
        return lower ? "\u2588" : "\u2580";
    return lower ? "\u2584" : " ";
}

static int
qr_draw_row(const QRcode *code, int y, int indent, bool colour,
            struct secret *out)
{
    for (int i = 0; i < indent; i++)
        if (secret_append(out, " ", 1) < 0)
            return -1;
    if (colour && secret_append_text(out, "\033[30;47m") < 0)
        return -1;
    for (int x = -QR_QUIET; x < code->width + QR_QUIET; x++) {
        bool upper = qr_is_dark(code, x, y) == colour;
        /* The last row may be half a row: what lies below it is nothing,
         * which is light with colours and dark without. */
        bool lower = y + 1 < code->width + QR_QUIET
                         ? qr_is_dark(code, x, y + 1) == colour
                         : false;
        if (secret_append_text(out, qr_block(upper, lower)) < 0)
            return -1;
    }
    return secret_append_text(out, colour ? "\033[0m\n" : "\n");
}

int
qr_draw(const char *text, int indent, int colour, int max_width,
        struct secret *out, int *width)
{
    CLEANUP(secret_release) struct secret drawing = SECRET_INIT;
    CLEANUP(qr_free)
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

    if (!code || code->width + 2 * QR_QUIET > max_width)
        return -1;
    for (int y = -QR_QUIET; y < code->width + QR_QUIET; y += 2)
        if (qr_draw_row(code, y, indent, colour != 0, &drawing) < 0)
            return -1;
    *width = code->width + 2 * QR_QUIET;
    secret_move(out, &drawing);
    return 0;
}
