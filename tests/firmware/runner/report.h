/* What the application says on the console. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

/* One line with the time before it: [  1234 ms] joined, 192.168.1.100 */
void report_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Remembers why the running step failed; the last call counts. Returns false. */
bool report_failure(const char *expected, const char *got_format, ...)
    __attribute__((format(printf, 2, 3)));

/* The last line: PASS, or FAIL with the step and what report_failure() was told. */
void report_pass(void);
void report_fail(const char *step);

#endif
