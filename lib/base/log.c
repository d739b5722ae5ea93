#include "lib/base/log.h"

#include <stdarg.h>
#include <syslog.h>

void
log_warning(const char *format, ...)
{
    va_list args;

    openlog("parallel-credential", LOG_PID, LOG_USER);
    va_start(args, format);
    vsyslog(LOG_WARNING, format, args);
    va_end(args);
    closelog();
}
