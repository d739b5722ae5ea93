#include "lib/base/text.h"

#include <string.h>

/*
 * Decode one UTF-8 sequence (RFC 3629: no overlong forms, no surrogates).
 * Returns its length, or 0 when it is malformed.
 */
static size_t
text_decode(const unsigned char *s, size_t len, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t want = s[0] < 0x80             ? 1
                  : (s[0] & 0xe0) == 0xc0 ? 2
                  : (s[0] & 0xf0) == 0xe0 ? 3
                  : (s[0] & 0xf8) == 0xf0 ? 4
                                          : 0;

    if (want == 0 || want > len)
        return 0;
    *code = want == 1 ? s[0] : s[0] & (0x7fU >> want);
    for (size_t i = 1; i < want; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    if (*code < least[want] || *code > 0x10ffff ||
        (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return want;
}

static bool
text_is_harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
           code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff ||
           (code >= 0xfff9 && code <= 0xfffb) ||
           (code >= 0xe0000 && code <= 0xe007f);
}

size_t
text_clean(char *out, size_t size, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;

    if (size == 0)
        return 0;
    while (len > 0) {
        uint32_t code = 0;
        size_t step = text_decode(s, len, &code);
        bool good = step > 0 && !text_is_harmful(code);

        if (used + (good ? step : 1) >= size)
            break;
        if (good)
            memcpy(out + used, s, step);
        else
            out[used] = '?';
        used += good ? step : 1;
        s += step ? step : 1;
        len -= step ? step : 1;
    }
    out[used] = '\0';
    return used;
}

const char *
text_show(char *out, size_t size, const char *text)
{
    text_clean(out, size, text ? text : "", text ? strlen(text) : 0);
    return out;
}

size_t
text_utf8_span(const char *text, size_t len)
{
    size_t at = 0, step = 1;
    uint32_t code;

    while (at < len && step > 0) {
        step = text_decode((const unsigned char *)text + at, len - at, &code);
        at += step;
    }
    return at;
}

int
text_to_number(const char *text, int64_t limit, int64_t *number)
{
    int64_t value = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        int digit = *text - '0';
        if (digit < 0 || digit > 9 || digit > limit ||
            value > (limit - digit) / 10)
            return -1;
        value = value * 10 + digit;
    }
    *number = value;
    return 0;
}

static int
text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
text_hex_byte(const char *digits)
{
    int high = text_hex_digit(digits[0]);
    int low = high < 0 ? -1 : text_hex_digit(digits[1]);

    return low < 0 ? -1 : high << 4 | low;
}

const char *
text_from_number(char *out, int64_t number)
{
    char digits[TEXT_NUMBER_SIZE];
    size_t count = 0, used = 0;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        out[used++] = '-';
    while (count)
        out[used++] = digits[--count];
    out[used] = '\0';
    return out;
}

size_t
text_put(char *out, size_t size, size_t used, const char *text)
{
    while (*text && used + 1 < size)
        out[used++] = *text++;
    if (used < size)
        out[used] = '\0';
    return used;
}

size_t
text_put_number(char *out, size_t size, size_t used, int64_t number)
{
    char digits[TEXT_NUMBER_SIZE];

    return text_put(out, size, used, text_from_number(digits, number));
}

bool
text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
text_has_any(const char *text, const char *chars)
{
    for (; *chars; chars++)
        if (strchr(text, *chars))
            return true;
    return false;
}

bool
text_has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (*list) {
        size_t span = strcspn(list, " ");
        if (span == len && len > 0 && memcmp(list, word, len) == 0)
            return true;
        list += span + strspn(list + span, " ");
    }
    return false;
}
