/* Results in words. */
#include "at_driver.h"

#include <stdio.h>

const char *at_describe(const at_driver *at, at_result result, char *out, size_t cap)
{
    static const char *const words[] = {
        [AT_OK] = "OK",
        [AT_ERROR] = "ERROR",
        [AT_SEND_FAIL] = "SEND FAIL",
        [AT_BUSY] = "busy p...",
        [AT_TIMEOUT] = "nothing in time",
        [AT_RESTARTED] = "a restart of the module",
        [AT_BAD_REPLY] = "OK without the expected line",
        [AT_BAD_ARGUMENT] = "a refusal by the driver",
    };

    if (at->error_code != 0) {
        snprintf(out, cap, "%s (code 0x%08lx)", words[result], (unsigned long)at->error_code);
    } else if (result != AT_OK && at->last_line[0] != '\0') {
        snprintf(out, cap, "%s (%s)", words[result], at->last_line);
    } else {
        snprintf(out, cap, "%s", words[result]);
    }
    return out;
}
