#include "lib/wrap/http_value.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/base/text.h"

#define HTTP_RETRY_AFTER_MAX (366 * 24 * 3600L) /* s */

int64_t
http_value_wait(const char *text, int64_t date, int64_t now)
{
    int64_t seconds = HTTP_RETRY_AFTER_MAX;

    if (!text || !*text)
        return -1;
    if (!text[strspn(text, "0123456789")]) {
        if (text_to_number(text, HTTP_RETRY_AFTER_MAX, &seconds) < 0)
            seconds = HTTP_RETRY_AFTER_MAX;
        return seconds;
    }
    if (date == 0)
        return -1;
    seconds = date - (now ? now : (int64_t)time(NULL));
    return seconds < 0                      ? 0
           : seconds > HTTP_RETRY_AFTER_MAX ? HTTP_RETRY_AFTER_MAX
                                            : seconds;
}

bool
http_value_is_json(const char *type)
{
    size_t len = type ? strcspn(type, "; \t") : 0;

    return (len == 16 && strncasecmp(type, "application/json", 16) == 0) ||
           (len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0);
}
