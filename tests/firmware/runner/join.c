/* Into the network of an access point, and out again. */
#include "app.h"

#include <string.h>

#include "access_point.h"
#include "report.h"

enum { JOIN_TRIES = 4, JOIN_PAUSE_MS = 2000, JOIN_WRONG_PASSWORD = 2, ADDRESS_MS = 10000 };
enum { LEAVE_MS = 3000 };

bool step_join(application *app)
{
    at_station station;
    at_result result = AT_ERROR;

    for (int i = 1; i <= JOIN_TRIES; i++) {
        unsigned reason;

        result = at_join(&app->at, WIFI_SSID, WIFI_PASSWORD, &reason);
        if (result == AT_OK || result == AT_RESTARTED || i == JOIN_TRIES ||
            reason == JOIN_WRONG_PASSWORD) {
            break; /* the same wrong password will not do better */
        }
        app_back_off(app, "join", result, JOIN_PAUSE_MS);
    }
    if (!app_expect_ok(app, result, "AT+CWJAP")) {
        return false;
    }
    if (!at_wait_for(&app->at, &app->at.got_ip, ADDRESS_MS)) {
        return report_failure("WIFI GOT IP", "nothing in %d s", ADDRESS_MS / 1000);
    }
    if (!app_expect_ok(app, at_read_station(&app->at, &station), "AT+CIFSR and AT+CIPSTA?")) {
        return false;
    }
    if (strcmp(station.ip, "0.0.0.0") == 0 || strcmp(station.gateway, "0.0.0.0") == 0) {
        return report_failure("an address and a gateway from DHCP", "%s and %s", station.ip,
                              station.gateway);
    }
    report_log("joined, %s", station.ip);
    report_log("netmask %s, gateway %s, MAC %s", station.netmask, station.gateway, station.mac);
    return true;
}

bool step_leave(application *app)
{
    if (!app_expect_ok(app, at_leave(&app->at), "AT+CWQAP")) {
        return false;
    }
    /* before or after the OK, that depends on the release */
    if (!at_wait_for(&app->at, &app->wifi_lost, LEAVE_MS)) {
        return report_failure("WIFI DISCONNECT", "nothing in %d s", LEAVE_MS / 1000);
    }
    return true;
}
