/* A lamp: a server at a fixed address. Who connects says `on` or `off`, a line each, and hears what the lamp is then. It is
   content when its switch has gone. */
#include "app.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "report.h"

enum { LINK = 0, COMMAND_MS = 5000 };

static struct {
    char line[16];
    size_t len;
    bool is_here;                 /* a whole line */
    bool has_come;
    bool has_gone;
    bool news;
    bool is_on;
    unsigned obeyed;
} lamp;

static void take_link(void *ctx, int link, bool up)
{
    (void)ctx;
    if (link == LINK) {
        lamp.has_come = lamp.has_come || up;
        lamp.has_gone = !up;
        lamp.news = true;
    }
}

/* A switch waits for the answer before it says more: there is one line at most. */
static void take_bytes(void *ctx, const at_data *data)
{
    (void)ctx;
    for (size_t i = 0; i < data->count; i++) {
        if (data->bytes[i] == '\n') {
            lamp.line[lamp.len] = '\0';
            lamp.len = 0;
            lamp.is_here = lamp.news = true;
        } else if (lamp.len < sizeof lamp.line - 1u) {
            lamp.line[lamp.len++] = (char)data->bytes[i];
        }
    }
}

static bool step_address(application *app)
{
    return app_expect_ok(app,
                         at_command(&app->at, COMMAND_MS, NULL, NULL,
                                    "AT+CIPSTA=\"%s\",\"192.168.1.1\",\"255.255.255.0\"", LAMP_ADDRESS),
                         "AT+CIPSTA");
}

static bool step_serve(application *app)
{
    memset(&lamp, 0, sizeof lamp);
    app_watch_links(app, take_link, NULL);
    app_receive(app, LINK, take_bytes, NULL);
    if (!app_expect_ok(app, at_set_multiple_links(&app->at, true), "AT+CIPMUX=1") ||
        !app_expect_ok(app, at_start_server(&app->at, LAMP_PORT), "AT+CIPSERVER=1")) {
        return false;
    }
    report_log("waiting at %s:%u", LAMP_ADDRESS, LAMP_PORT);
    while (!lamp.has_gone) {
        char text[32];

        lamp.news = false;
        if (!lamp.is_here && !at_wait_for(&app->at, &lamp.news, PATIENCE_MS)) {
            return report_failure(lamp.has_come ? "more of the switch" : "a switch", "none in %d s",
                                  PATIENCE_MS / 1000);
        }
        if (!lamp.is_here) {
            continue;
        }
        lamp.is_here = false;
        if (strcmp(lamp.line, "on") != 0 && strcmp(lamp.line, "off") != 0) {
            return report_failure("on or off", "%s", lamp.line);
        }
        lamp.is_on = strcmp(lamp.line, "on") == 0;
        lamp.obeyed++;
        report_log("%s", lamp.is_on ? "on" : "off");
        snprintf(text, sizeof text, "the lamp is %s\n", lamp.line);
        if (!app_expect_ok(app, at_send(&app->at, LINK, text, strlen(text)), "AT+CIPSEND")) {
            return false;
        }
    }
    app_watch_links(app, NULL, NULL);
    if (lamp.obeyed == 0 || lamp.is_on) {
        return report_failure("to be switched on and off", "%u commands", lamp.obeyed);
    }
    report_log("obeyed %u times", lamp.obeyed);
    return true;
}

const char app_name[] = "lamp";

const app_step app_steps[] = {
    {"boot", step_boot},       {"identify", step_identify}, {"join", step_join},
    {"address", step_address}, {"serve", step_serve},       {"leave", step_leave},
};
const size_t app_step_count = sizeof app_steps / sizeof app_steps[0];
