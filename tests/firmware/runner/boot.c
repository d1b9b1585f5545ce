/* From power-on to a module that answers, is one we can work with, and talks faster. */
#include "app.h"

#include <stdio.h>

#include "board.h"
#include "report.h"

enum { READY_MS = 3000, PROBES = 10 };
#define FAST_BAUD 921600u
#define OLDEST_MAJOR 2u

/* Gets an answer from a module whose `ready` did not come: it may have started
   long before us, so it is restarted to begin from a known state. */
static bool wake_up(application *app)
{
    at_result result;

    report_log("no ready in %d ms, probing", READY_MS);
    app->retries++;
    result = at_sync(&app->at, PROBES);
    if (result == AT_OK) {
        result = at_restart(&app->at, READY_MS);
        if (result == AT_TIMEOUT) {
            report_log("no ready after AT+RST either, probing");
            result = at_sync(&app->at, PROBES);
        }
    }
    if (result == AT_RESTARTED || result == AT_OK) {
        return true;
    }
    return app_expect_ok(app, result, "AT, or ready");
}

bool step_boot(application *app)
{
    if (!at_wait_for(&app->at, &app->at.ready, READY_MS) && !wake_up(app)) {
        return false;
    }
    app->restarted = false;
    return app_expect_ok(app, at_echo_off(&app->at), "ATE0");
}

bool step_identify(application *app)
{
    at_version *version = &app->version;

    if (!app_expect_ok(app, at_read_version(&app->at, version), "AT+GMR")) {
        return false;
    }
    if (version->major < OLDEST_MAJOR) {
        return report_failure("AT version 2.0 or later", "\"%s\"", version->text);
    }
    report_log("AT version %u.%u.%u: %s", version->major, version->minor, version->patch,
               version->text);
    return app_expect_ok(app, at_set_station_mode(&app->at), "AT+CWMODE=1");
}

static bool set_baud(application *app, uint32_t baud)
{
    char what[32];

    snprintf(what, sizeof what, "AT+UART_CUR=%lu", (unsigned long)baud);
    if (!app_expect_ok(app, at_set_baud(&app->at, baud, board_module_flow_control()), what)) {
        return false;
    }
    report_log("%lu baud, flow control %u", (unsigned long)baud, board_module_flow_control());
    return true;
}

bool step_fast(application *app)
{
    return set_baud(app, FAST_BAUD);
}

bool step_slow(application *app)
{
    return set_baud(app, BOOT_BAUD);
}
