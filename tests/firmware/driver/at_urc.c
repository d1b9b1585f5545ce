#include "at_urc.h"

#include <stdlib.h>
#include <string.h>

static void notify(at_driver *at, at_event event, int link)
{
    at->handlers->event(at->handlers->ctx, event, link);
}

static void set_link(at_driver *at, int link, bool up)
{
    if (at->link_up[link] != up) {
        at->link_up[link] = up;
        at->waiting[link] = 0;
        notify(at, up ? AT_EVENT_LINK_UP : AT_EVENT_LINK_DOWN, link);
    }
}

static void module_restarted(at_driver *at)
{
    at->ready = true;
    at->echo = true;
    at->multiple = false;
    at_parser_set_answers_have_remote(&at->parser, false);
    at->wifi_connected = false;
    at->got_ip = false;
    at->mqtt_connected = false;
    for (int link = 0; link < AT_LINKS; link++) {
        set_link(at, link, false); /* the module reports no CLOSED for these */
    }
    if (at->phase != AT_PHASE_IDLE) {
        at->outcome = AT_RESTARTED;
        at->outcome_known = true;
    }
    notify(at, AT_EVENT_READY, 0);
}

/* CONNECT, CLOSED, and both with a link number before them. */
static bool take_link_urc(at_driver *at, const char *line)
{
    int link = 0;

    if (line[0] >= '0' && line[0] < '0' + AT_LINKS && line[1] == ',') {
        link = line[0] - '0';
        line += 2;
    }
    if (strcmp(line, "CONNECT") == 0) {
        set_link(at, link, true);
    } else if (strcmp(line, "CLOSED") == 0) {
        set_link(at, link, false);
    } else {
        return false;
    }
    return true;
}

/* +IPD without data: in passive receive mode the module only says what waits. */
static bool take_notice(at_driver *at, const char *line)
{
    at_block_header header;
    int link;

    if (!at_parse_ipd(line, &header)) {
        return false;
    }
    link = header.link == AT_LINK_NONE ? 0 : header.link;
    at->stats.notices++;
    at->waiting[link] = header.length;
    notify(at, AT_EVENT_DATA_WAITING, link);
    return true;
}

/* What the module says of its MQTT client. A message without payload is a line. */
static bool take_mqtt_urc(at_driver *at, const char *line)
{
    at_block_header header;

    if (strncmp(line, "+MQTTCONNECTED:", 15) == 0) {
        at->mqtt_connected = true;
        notify(at, AT_EVENT_MQTT_CONNECTED, 0);
    } else if (strncmp(line, "+MQTTDISCONNECTED:", 18) == 0) {
        at->mqtt_connected = false;
        notify(at, AT_EVENT_MQTT_DISCONNECTED, 0);
    } else if (at_parse_message(line, &header)) {
        const at_message message = {.topic = header.topic};

        at->stats.messages++;
        at->handlers->message(at->handlers->ctx, &message);
    } else {
        return false;
    }
    return true;
}

bool at_take_urc(at_driver *at, const char *line)
{
    if (strcmp(line, "ready") == 0) {
        module_restarted(at);
    } else if (strcmp(line, "WIFI CONNECTED") == 0) {
        at->wifi_connected = true;
        notify(at, AT_EVENT_WIFI_CONNECTED, 0);
    } else if (strcmp(line, "WIFI GOT IP") == 0) {
        at->got_ip = true;
        notify(at, AT_EVENT_WIFI_GOT_IP, 0);
    } else if (strcmp(line, "WIFI DISCONNECT") == 0) {
        at->wifi_connected = false;
        at->got_ip = false;
        notify(at, AT_EVENT_WIFI_DISCONNECT, 0);
    } else if (strncmp(line, "ERR CODE:", 9) == 0) {
        at->error_code = (uint32_t)strtoul(line + 9, NULL, 16);
    } else if (strcmp(line, "+TIME_UPDATED") == 0) {
        return true; /* releases before 3.1 don't say it: at_read_clock() works with all */
    } else {
        return take_link_urc(at, line) || take_notice(at, line) || take_mqtt_urc(at, line);
    }
    return true;
}
