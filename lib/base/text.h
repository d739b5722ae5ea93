/*
 * text.h - foreign text made safe to show, and small string tools.
 */
#ifndef PARALLEL_BASE_TEXT_H
#define PARALLEL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy text of len bytes into out (size bytes, always terminated), safe for
 * a terminal, a log or a PAM message: decoded as UTF-8; C0 and C1 controls,
 * DEL, bidirectional controls, line separators and malformed bytes each
 * become one '?'. Cut at a character boundary when out is too small.
 * Returns the bytes written without the terminator.
 */
size_t text_clean(char *out, size_t size, const char *text, size_t len);

/* The same for a string, from and to any place; returns out. NULL is "". */
const char *text_show(char *out, size_t size, const char *text);

/* How many of the len bytes stand before the first that is no UTF-8. */
size_t text_utf8_span(const char *text, size_t len);

/*
 * A decimal number without sign or blanks. Returns 0, or -1 when text is
 * empty, has another character, or exceeds limit.
 */
int text_to_number(const char *text, int64_t limit, int64_t *number);

/* The byte that two hexadecimal digits stand for, or -1. */
int text_hex_byte(const char *digits);

/* number in decimal; out must hold at least TEXT_NUMBER_SIZE bytes. */
#define TEXT_NUMBER_SIZE 24
const char *text_from_number(char *out, int64_t number);

/*
 * Append text to the used bytes of out (size bytes) and terminate it; what
 * does not fit is cut off. Returns the bytes used then. (The front does
 * without printf(), which costs it a tenth of its memory.)
 */
size_t text_put(char *out, size_t size, size_t used, const char *text);
size_t text_put_number(char *out, size_t size, size_t used, int64_t number);

bool text_starts_with(const char *text, const char *prefix);

/* Whether one of these characters stands in text. (glibc's strpbrk() and its
 * kin cost the front 0.1 MB: they lie apart, with tables of their own.) */
bool text_has_any(const char *text, const char *chars);

/* Whether list, words separated by single or several blanks, has word. */
bool text_has_word(const char *list, const char *word);

#endif
