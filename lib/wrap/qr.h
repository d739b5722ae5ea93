/*
 * qr.h - the door to libqrencode: a QR code for a terminal.
 */
#ifndef PARALLEL_WRAP_QR_H
#define PARALLEL_WRAP_QR_H

#include <stddef.h>

#include "lib/base/secret.h"

/*
 * Draw text as a QR code of half blocks (UTF-8 "\u2580" and friends), two
 * modules a character row, dark on light whatever the terminal's colours
 * (colours set and reset by escape sequences, when colour is non-zero; else
 * light modules are drawn as full blocks, for a dark background), with the
 * quiet zone of four modules, each row behind indent blanks. *width tells the
 * columns used, without the indent. 0; or -1 when the text is too long for a
 * code of at most max_width columns, or memory ran out.
 */
int qr_draw(const char *text, int indent, int colour, int max_width,
            struct secret *out, int *width);

#endif
