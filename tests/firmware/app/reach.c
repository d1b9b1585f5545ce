/* Who can be reached: the name server and ping. */
#include "demo.h"

#include <stdio.h>

#include "config.h"
#include "report.h"

enum { RESOLVE_TRIES = 4, RESOLVE_PAUSE_MS = 1000 };
enum { PING_TRIES = 6, PING_PAUSE_MS = 500 };

bool step_resolve(application *app)
{
    char ip[AT_IP_TEXT_MAX];
    at_result result = AT_ERROR;

    for (int i = 1; i <= RESOLVE_TRIES; i++) {
        result = at_resolve(&app->at, HTTP_HOST, ip);
        if (result == AT_OK || result == AT_RESTARTED || i == RESOLVE_TRIES) {
            break;
        }
        app_back_off(app, "resolve " HTTP_HOST, result, RESOLVE_PAUSE_MS);
    }
    if (!app_expect_ok(app, result, "AT+CIPDOMAIN=\"" HTTP_HOST "\"")) {
        return false;
    }
    report_log("%s is %s", HTTP_HOST, ip);
    return true;
}

static bool ping(application *app, const char *host)
{
    char what[80];
    uint32_t ms = 0;
    at_result result = AT_ERROR;

    snprintf(what, sizeof what, "ping %s", host);
    for (int i = 1; i <= PING_TRIES; i++) {
        result = at_ping(&app->at, host, &ms);
        if (result == AT_OK || result == AT_RESTARTED || i == PING_TRIES) {
            break;
        }
        app_back_off(app, what, result, PING_PAUSE_MS);
    }
    if (result == AT_OK) {
        report_log("%s answers in %lu ms", host, (unsigned long)ms);
    }
    return app_expect_ok(app, result, what);
}

bool step_ping(application *app)
{
    return ping(app, PING_ADDRESS) && ping(app, PING_NAME);
}
