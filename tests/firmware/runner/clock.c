/* The module's clock, from the network. */
#include "app.h"

#include <string.h>

#include "core.h"
#include "report.h"

enum { CLOCK_MS = 60000, POLL_MS = 500 };

bool step_clock(application *app)
{
    return app_expect_ok(app, at_start_clock(&app->at), "AT+CIPSNTPCFG");
}

bool app_wait_for_clock(application *app)
{
    char text[AT_CLOCK_TEXT_MAX];
    uint32_t start = systick_millis();

    for (;;) {
        if (!app_expect_ok(app, at_read_clock(&app->at, text), "AT+CIPSNTPTIME?")) {
            return false;
        }
        if (strstr(text, " 1970") == NULL) {
            report_log("it is %s", text);
            return true;
        }
        if (app->wifi_lost || systick_millis() - start > CLOCK_MS) {
            return report_failure("a clock that a time server has set", "%s", text);
        }
        at_pause(&app->at, POLL_MS);
    }
}
