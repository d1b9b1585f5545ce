/* The thermometer's life: it works, and goes on working when the broker and the network fail. */
#include "config.h"
#include "core.h"
#include "report.h"
#include "thermometer.h"

const char app_name[] = "mqtt";

const app_step app_steps[] = {
    {"boot", step_boot},       {"identify", step_identify}, {"join", step_join},
    {"clock", step_clock},     {"connect", step_connect},   {"work", step_work},
    {"restart", step_restart}, {"outage", step_outage},     {"farewell", step_farewell},
    {"leave", step_leave},
};
const size_t app_step_count = sizeof app_steps / sizeof app_steps[0];

static thermometer t;

/* Goes on until *flag is `wanted`. */
static bool run_until(const bool *flag, bool wanted, const char *what)
{
    uint32_t start = systick_millis();

    while (*flag != wanted) {
        if (systick_millis() - start > PATIENCE_MS) {
            return report_failure(what, "nothing in %d s", PATIENCE_MS / 1000);
        }
        if (!thermometer_run(&t)) {
            return false;
        }
    }
    return true;
}

/* Goes on until another command is obeyed, and nothing waits to be published. */
static bool run_until_up_to_date(void)
{
    uint32_t start = systick_millis(), before = t.commands;

    while (t.commands == before || !t.greeted || t.published < t.taken) {
        if (systick_millis() - start > PATIENCE_MS) {
            return report_failure("a command, and every reading published", "%lu commands, %lu of %lu",
                                  (unsigned long)(t.commands - before), (unsigned long)t.published,
                                  (unsigned long)t.taken);
        }
        if (!thermometer_run(&t)) {
            return false;
        }
    }
    return true;
}

/* Goes through a lost connection. The module finds the broker by itself, and subscribes again. */
static bool survive(application *app, const char *what)
{
    uint32_t lost, waiting;

    if (!run_until(&app->at.mqtt_connected, false, "+MQTTDISCONNECTED")) {
        return false;
    }
    lost = systick_millis();
    if (!run_until(&app->at.mqtt_connected, true, "+MQTTCONNECTED")) {
        return false;
    }
    waiting = t.taken - t.published;
    report_log("%s: connected again after %lu ms, %lu readings wait", what,
               (unsigned long)(systick_millis() - lost), (unsigned long)waiting);
    if (waiting == 0) {
        return report_failure("readings that wait", "none");
    }
    if (!run_until_up_to_date()) {
        return false;
    }
    report_log("%s: all %lu readings are published", what, (unsigned long)t.published);
    return true;
}

bool step_connect(application *app)
{
    return app_wait_for_clock(app) && thermometer_start(app, &t);
}

bool step_work(application *app)
{
    (void)app;
    return run_until_up_to_date();
}

bool step_restart(application *app)
{
    return survive(app, "restart");
}

bool step_outage(application *app)
{
    if (!survive(app, "outage")) {
        return false;
    }
    if (!app->wifi_lost) {
        return report_failure("WIFI DISCONNECT", "only +MQTTDISCONNECTED");
    }
    app->wifi_lost = false; /* from here on it would be another one */
    return true;
}

bool step_farewell(application *app)
{
    (void)app;
    report_log("published %lu readings, obeyed %lu commands, tried %lu times again",
               (unsigned long)t.published, (unsigned long)t.commands, (unsigned long)t.repeated);
    return thermometer_stop(&t);
}
