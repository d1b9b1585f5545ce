/* Several clients, two at a time, each served; no third while both places are taken. */
#include "services.h"

#include <string.h>

#include "config.h"
#include "core.h"
#include "report.h"

/* Every link must be a client of ours. */
static bool check_links(application *app, unsigned open)
{
    at_link_info info[AT_LINKS];
    size_t count;

    if (!app_expect_ok(app, at_read_links(&app->at, info, AT_LINKS, &count), "AT+CIPSTATE?")) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!info[i].incoming || info[i].local_port != SERVER_PORT ||
            strcmp(info[i].type, "TCP") != 0) {
            return report_failure("AT+CIPSTATE? to show clients of the server",
                                  "link %d: %s from %u to %s:%u", info[i].link, info[i].type,
                                  info[i].local_port, info[i].remote_ip, info[i].remote_port);
        }
        report_log("link %d: client %s:%u", info[i].link, info[i].remote_ip, info[i].remote_port);
    }
    if (count != open) { /* somebody came or left during the command: then both changed */
        report_log("AT+CIPSTATE? shows %u links, %u were open", (unsigned)count, open);
    }
    return true;
}

bool step_server(application *app)
{
    static line_server server;
    bool checked = false;
    uint32_t start;

    if (!server_start(app, &server, false)) {
        return false;
    }
    for (start = systick_millis(); server.served < CLIENTS_TO_SERVE || server.open > 0;) {
        if (app->restarted || app->wifi_lost) {
            return report_failure("clients", "a lost network");
        }
        if (systick_millis() - start > PATIENCE_MS) {
            return report_failure("clients to come and to go", "%u served, %u there",
                                  server.served, server.open);
        }
        if (!server_run(&server)) {
            return false;
        }
        if (server.open > SERVER_CLIENTS) {
            return report_failure("no more clients than AT+CIPSERVERMAXCONN says", "%u",
                                  server.open);
        }
        if (server.open == SERVER_CLIENTS && !checked) {
            checked = true;
            if (!check_links(app, server.open)) {
                return false;
            }
        }
    }
    server_forget(&server);
    if (server.ignored > 0) {
        return report_failure("an answer to every client", "%u without", server.ignored);
    }
    if (server.most_open < SERVER_CLIENTS) {
        return report_failure("two clients at once", "%u", server.most_open);
    }
    report_log("served %u clients, %u at once", server.served, server.most_open);
    return true;
}
