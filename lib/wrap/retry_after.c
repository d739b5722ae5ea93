#include "lib/wrap/retry_after.h"

#include <string.h>
#include <time.h>

#include "lib/base/text.h"

#define RETRY_AFTER_MAX (366 * 24 * 3600L) /* s */

int64_t
retry_after_seconds(const char *text, int64_t date, int64_t now)
{
    int64_t seconds = RETRY_AFTER_MAX;

    if (!text || !*text)
        return -1;
    if (!text[strspn(text, "0123456789")]) {
        if (text_to_number(text, RETRY_AFTER_MAX, &seconds) < 0)
            seconds = RETRY_AFTER_MAX;
        return seconds;
    }
    if (date == 0)
        return -1;
    seconds = date - (now ? now : (int64_t)time(NULL));
    return seconds < 0                 ? 0
           : seconds > RETRY_AFTER_MAX ? RETRY_AFTER_MAX
                                       : seconds;
}
