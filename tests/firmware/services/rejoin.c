/* The access point vanishes and comes back; the service does, too. */
#include "services.h"

#include "config.h"
#include "core.h"
#include "report.h"

enum { POLL_MS = 100 };

/* Links that outlived the network have nobody at the other end. */
static void close_what_is_left(application *app)
{
    for (int link = 0; link < AT_LINKS; link++) {
        if (at_link_is_up(&app->at, link)) {
            at_close(&app->at, link);
        }
    }
}

bool step_rejoin(application *app)
{
    static line_server server;
    uint32_t start = systick_millis();

    while (app->at.got_ip && !app->wifi_lost) {
        if (systick_millis() - start > PATIENCE_MS) {
            return report_failure("WIFI DISCONNECT", "nothing in %d s", PATIENCE_MS / 1000);
        }
        at_pause(&app->at, POLL_MS);
    }
    start = systick_millis();
    if (!at_wait_for(&app->at, &app->at.got_ip, PATIENCE_MS)) {
        return report_failure("WIFI GOT IP after WIFI DISCONNECT", "nothing in %d s",
                              PATIENCE_MS / 1000);
    }
    report_log("back after %lu ms", (unsigned long)(systick_millis() - start));
    app->wifi_lost = false; /* from here on it would be another one */
    close_what_is_left(app);
    if (!server_start(app, &server, false)) {
        return false;
    }
    for (start = systick_millis(); server.served == 0 || server.open > 0;) {
        if (app->wifi_lost || systick_millis() - start > PATIENCE_MS) {
            return report_failure("a client after the network came back", "%u served, %u there",
                                  server.served, server.open);
        }
        if (!server_run(&server)) {
            return false;
        }
    }
    server_forget(&server);
    return app_expect_ok(app, at_stop_server(&app->at, true), "AT+CIPSERVER=0,1");
}
