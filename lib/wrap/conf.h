/*
 * conf.h - the door to inih: a strict INI reader that knows where each line
 * stands.
 *
 * The text is read elsewhere (the files are opened with suspicion); here it
 * is only taken apart. "key = value" lines, "[section]" or "[section NAME]"
 * headings, lines that start with '#' or ';' are comments, " ;" starts a
 * comment behind a value. Not allowed, each an error that names file and
 * line: a continuation line (one that starts with a blank and is not empty),
 * a line without '=' (or with a ':' before it), an empty key, a line longer
 * than 198 bytes, a section or key longer than 49, a control character but a
 * tab, a section heading that does not close, has no name or is followed by
 * anything but a comment, the same key twice in a section. A byte order mark
 * at the start and lines that end in CR LF are fine.
 */
#ifndef PARALLEL_WRAP_CONF_H
#define PARALLEL_WRAP_CONF_H

#include <stddef.h>

#include "lib/base/error.h"

/*
 * Called for every key, in order. section is "" before the first heading. A
 * handler that returns -1 has filled err (without file and line, which
 * conf_parse() puts in front) and ends the parsing.
 */
typedef int (*conf_handler)(void *context, const char *section,
                            const char *key, const char *value, int line,
                            struct error *err);

/*
 * Parse len bytes. file is for messages. 0, or -1 with FAIL_INPUT "config"
 * whose text starts with "FILE:LINE: ".
 */
int conf_parse(const char *file, const char *text, size_t len,
               conf_handler handler, void *context, struct error *err);

#endif
