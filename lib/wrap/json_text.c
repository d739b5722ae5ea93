#include "lib/wrap/json_text.h"

#include <math.h>
#include <string.h>

#include "lib/base/text.h"

#define JSON_NUMBER_MAX 1000000000000000LL

/* In JSON a backslash stands in strings only, so no need to know where they
 * begin. */
bool
json_text_has_nul(const char *text, size_t len)
{
    if (memchr(text, '\0', len))
        return true;
    for (size_t i = 0; i + 5 < len; i++) {
        if (text[i] != '\\')
            continue;
        if (memcmp(text + i + 1, "u0000", 5) == 0)
            return true;
        i++;
    }
    return false;
}

/* The code unit of an escape "\uXXXX" at the start of text, or -1. */
static int
json_text_unit(const char *text, size_t len)
{
    int high, low;

    if (len < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    high = text_hex_byte(text + 2);
    low = text_hex_byte(text + 4);
    return high < 0 || low < 0 ? -1 : high << 8 | low;
}

bool
json_text_has_half(const char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        int unit = json_text_unit(text + i, len - i), next;

        if (text[i] != '\\')
            continue;
        i++;
        if (unit < 0xd800 || unit > 0xdfff)
            continue;
        next = json_text_unit(text + i + 5, len - i - 5);
        if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff)
            return true;
        i += 10;
    }
    return false;
}

size_t
json_text_trim(const char *text, size_t len)
{
    while (len > 0 && memchr(" \t\n\r", text[len - 1], 4))
        len--;
    return len;
}

int64_t
json_number_limit(int64_t number)
{
    return number > JSON_NUMBER_MAX    ? JSON_NUMBER_MAX
           : number < -JSON_NUMBER_MAX ? -JSON_NUMBER_MAX
                                       : number;
}

bool
json_number_from_double(double value, int64_t *number)
{
    if (isnan(value))
        return false;
    *number = value >= (double)JSON_NUMBER_MAX    ? JSON_NUMBER_MAX
              : value <= -(double)JSON_NUMBER_MAX ? -JSON_NUMBER_MAX
                                                  : (int64_t)value;
    return true;
}

bool
json_number_from_text(const char *text, int64_t *number)
{
    bool negative = text[0] == '-';
    int64_t value = JSON_NUMBER_MAX;

    if (text[0] == '-' || text[0] == '+')
        text++;
    if (!*text || text[strspn(text, "0123456789")])
        return false;
    if (text_to_number(text, JSON_NUMBER_MAX, &value) < 0)
        value = JSON_NUMBER_MAX;
    *number = negative ? -value : value;
    return true;
}

static int
json_text_put_char(struct secret *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef", plain[] = "\b\f\n\r\t\"\\",
                      letter[] = "bfnrt\"\\";
    const char *found = c ? strchr(plain, c) : NULL;
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (found) {
        escape[1] = letter[found - plain];
        return secret_append(out, escape, 2);
    }
    if (c < 0x20 || c == 0x7f)
        return secret_append(out, escape, sizeof escape);
    return secret_append(out, &c, 1);
}

/* How many bytes stand for themselves. */
static size_t
json_text_plain_span(const char *text, size_t len)
{
    size_t span = 0;

    while (span < len && (unsigned char)text[span] >= ' ' &&
           text[span] != 0x7f && text[span] != '"' && text[span] != '\\')
        span++;
    return span;
}

int
json_text_put(struct secret *out, const char *text, size_t len)
{
    size_t done = 0;

    if (secret_append(out, "\"", 1) < 0)
        return -1;
    while (done < len) {
        size_t plain = json_text_plain_span(text + done, len - done);

        if (secret_append(out, text + done, plain) < 0)
            return -1;
        done += plain;
        if (done < len &&
            json_text_put_char(out, (unsigned char)text[done++]) < 0)
            return -1;
    }
    return secret_append(out, "\"", 1);
}
