#include "thermometer.h"

#include <stdio.h>
#include <string.h>

#include "at_mqtt.h"
#include "config.h"
#include "core.h"
#include "report.h"

enum { CONNECT_TRIES = 4, CONNECT_PAUSE_MS = 3000, RUN_MS = 500 };

static const char status[] = CLIENT_ID "/status";
static const char reading[] = CLIENT_ID "/reading";
static const char commands[] = CLIENT_ID "/set/";
static const char filter[] = CLIENT_ID "/set/#";
static const char did[] = CLIENT_ID "/did";

/* ---- what comes ------------------------------------------------------------ */

static void take_message(void *ctx, const at_message *message)
{
    thermometer *t = ctx;
    const char *name = message->topic + sizeof commands - 1u;

    if (strncmp(message->topic, commands, sizeof commands - 1u) != 0 ||
        strlen(name) >= sizeof t->command.name || message->total >= sizeof t->command.word) {
        t->overlong = true;
        return;
    }
    if (message->offset == 0) {
        snprintf(t->command.name, sizeof t->command.name, "%s", name);
    }
    memcpy(t->command.word + message->offset, message->bytes, message->count);
    if (message->offset + message->count == message->total) {
        t->command.word[message->total] = '\0';
        t->came = t->news = true;
    }
}

/* ---- what goes --------------------------------------------------------------- */

/* Whether the broker has it. What it has not is tried again later, and no failure. */
static bool publish(thermometer *t, const char *topic, const char *text, bool retain)
{
    at_driver *at = &t->app->at;

    if (!at->mqtt_connected) {
        return false;
    }
    if (at_mqtt_publish(at, topic, text, 1, retain) == AT_OK) {
        return true;
    }
    t->repeated++;
    report_log("not acknowledged: %s %s", topic, text);
    return false;
}

/* After each connection, because the broker may have published the last will. */
static void greet(thermometer *t)
{
    if (!t->app->at.mqtt_connected) {
        t->greeted = false;
    } else if (!t->greeted) {
        t->greeted = publish(t, status, "online", true);
    }
}

static void obey(thermometer *t)
{
    thermometer_command command = t->command; /* the next one may come meanwhile */
    char text[sizeof command.name + sizeof command.word];

    if (!t->came) {
        return;
    }
    t->came = false;
    snprintf(text, sizeof text, "%s %s", command.name, command.word);
    report_log("command: %s", text);
    t->commands++;
    publish(t, did, text, false);
}

/* Sawtooth weather: what is measured has to be the same in every run. */
static void measure(thermometer *t)
{
    if ((int32_t)(systick_millis() - t->next_ms) >= 0) {
        t->next_ms += READING_MS;
        t->taken++;
    }
}

static void report(thermometer *t)
{
    uint32_t n = t->published + 1u, tenths = 210u + n * 7u % 40u;
    char text[40];

    if (t->published == t->taken) {
        return;
    }
    snprintf(text, sizeof text, "{\"n\":%lu,\"t\":%lu.%lu}", (unsigned long)n,
             (unsigned long)(tenths / 10u), (unsigned long)(tenths % 10u));
    if (publish(t, reading, text, false)) {
        t->published++;
        report_log("reading %lu of %lu published", (unsigned long)n, (unsigned long)t->taken);
    }
    if (t->published < t->taken && t->app->at.mqtt_connected) {
        t->news = true; /* no pause before the next */
    }
}

bool thermometer_run(thermometer *t)
{
    at_wait_for(&t->app->at, &t->news, RUN_MS);
    t->news = false;
    if (t->app->restarted) {
        return report_failure("a session", "a restart of the module");
    }
    if (t->overlong) {
        return report_failure("a short command", "another message");
    }
    measure(t);
    greet(t);
    obey(t);
    report(t);
    return true;
}

/* ---- the session --------------------------------------------------------------- */

bool thermometer_start(application *app, thermometer *t)
{
    static const at_mqtt_will will = {status, "offline"};
    at_driver *at = &app->at;
    at_result result = AT_ERROR;

    *t = (thermometer){.app = app, .next_ms = systick_millis()};
    app_receive_messages(app, take_message, t);
    for (int i = 1; i <= CONNECT_TRIES; i++) {
        /* A connection that fails takes the settings along. */
        if (!app_expect_ok(app, at_mqtt_configure(at, BROKER_SCHEME, CLIENT_ID, BROKER_USER,
                                                  BROKER_PASSWORD),
                           "AT+MQTTUSERCFG") ||
            !app_expect_ok(app, at_mqtt_set_will(at, KEEP_ALIVE_S, &will), "AT+MQTTCONNCFG")) {
            return false;
        }
        result = at_mqtt_connect(at, BROKER_HOST, BROKER_PORT, true);
        if (result == AT_OK || result == AT_RESTARTED || i == CONNECT_TRIES) {
            break;
        }
        app_back_off(app, "MQTT", result, CONNECT_PAUSE_MS);
    }
    return app_expect_ok(app, result, "AT+MQTTCONN to " BROKER_HOST) &&
           app_expect_ok(app, at_mqtt_subscribe(at, filter, 1), "AT+MQTTSUB");
}

bool thermometer_stop(thermometer *t)
{
    at_driver *at = &t->app->at;

    /* Who ends a session has no last will. */
    if (!app_expect_ok(t->app, at_mqtt_publish(at, status, "offline", 1, true),
                       "AT+MQTTPUBRAW of the farewell") ||
        !app_expect_ok(t->app, at_mqtt_clean(at), "AT+MQTTCLEAN")) {
        return false;
    }
    app_receive_messages(t->app, NULL, NULL);
    return true;
}
