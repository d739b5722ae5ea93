/*
 * log.h - what an administrator should be able to find in the system's log.
 *
 * Never a secret, and never text of others that has not been cleaned.
 */
#ifndef PARALLEL_BASE_LOG_H
#define PARALLEL_BASE_LOG_H

/* A line in the log, with the name of the program; a terminal does not see
 * it. */
void log_warning(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
