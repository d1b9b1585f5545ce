/* The same server over SSL: a client is there when its handshake is over. */
#include "services.h"

#include <string.h>

#include "config.h"
#include "core.h"
#include "report.h"

/* The one client of ours must have come over SSL. */
static bool check_link(application *app)
{
    at_link_info info;
    size_t count;

    if (!app_expect_ok(app, at_read_links(&app->at, &info, 1, &count), "AT+CIPSTATE?")) {
        return false;
    }
    if (count != 1 || !info.incoming || info.local_port != SECURE_PORT ||
        strcmp(info.type, "SSL") != 0) {
        return report_failure("one client over SSL in AT+CIPSTATE?", "%u links, the first %s",
                              (unsigned)count, count > 0 ? info.type : "none");
    }
    report_log("link %d: client %s:%u over SSL", info.link, info.remote_ip, info.remote_port);
    return true;
}

bool step_secure(application *app)
{
    static line_server server;
    bool checked = false;
    uint32_t start;

    if (!server_start(app, &server, true)) {
        return false;
    }
    for (start = systick_millis(); server.served == 0 || server.open > 0;) {
        if (app->wifi_lost || systick_millis() - start > PATIENCE_MS) {
            return report_failure("a client over SSL", "%u served, %u there", server.served,
                                  server.open);
        }
        if (!server_run(&server)) {
            return false;
        }
        if (server.open > 0 && !checked) {
            checked = true;
            if (!check_link(app)) {
                return false;
            }
        }
    }
    server_forget(&server);
    return app_expect_ok(app, at_stop_server(&app->at, true), "AT+CIPSERVER=0,1");
}
