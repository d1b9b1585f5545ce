#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "core.h"

static char failure_expected[96];
static char failure_got[128];

static void put(const char *text)
{
    board_console_write(text, strlen(text));
}

/* Keeps what came from outside on one line. */
static void put_visible(const char *text)
{
    for (; *text != '\0'; text++) {
        char escape[5];

        if (*text == '\r') {
            put("\\r");
        } else if (*text == '\n') {
            put("\\n");
        } else if ((unsigned char)*text < ' ' || (unsigned char)*text > '~') {
            snprintf(escape, sizeof escape, "\\x%02x", (unsigned char)*text);
            put(escape);
        } else {
            board_console_write(text, 1);
        }
    }
}

void report_log(const char *format, ...)
{
    char text[160];
    va_list args;

    snprintf(text, sizeof text, "[%6lu ms] ", (unsigned long)systick_millis());
    put(text);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(text);
    put("\n");
}

bool report_failure(const char *expected, const char *got_format, ...)
{
    va_list args;

    snprintf(failure_expected, sizeof failure_expected, "%s", expected);
    va_start(args, got_format);
    vsnprintf(failure_got, sizeof failure_got, got_format, args);
    va_end(args);
    return false;
}

void report_pass(void)
{
    put("PASS\n");
}

void report_fail(const char *step)
{
    put("FAIL: ");
    put(step);
    put(": expected ");
    put_visible(failure_expected);
    put(", got ");
    put_visible(failure_got);
    put("\n");
}
