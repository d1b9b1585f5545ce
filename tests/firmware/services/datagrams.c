/* One UDP port for everybody: the module answers whoever has sent last. */
#include "services.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "core.h"
#include "report.h"

enum { LINK = AT_LINKS - 1, HOSTS = 2 }; /* the server gives its clients the low numbers */

static const char prefix[] = "ack: ";

typedef struct {
    at_remote from;
    uint32_t answered;
} udp_host;

typedef struct {
    char text[128];               /* of the datagram that arrives or came last */
    size_t len;
    at_remote from;
    bool has_remote;
    bool overlong;
    bool fresh;                   /* it is not answered yet */
    uint32_t overtaken;           /* datagrams that another one overtook before their answer */
    udp_host hosts[HOSTS];
    uint32_t turns;               /* how often the far end changed */
    at_remote last;               /* whom the last answer went to */
} udp_port;

static bool same(const at_remote *a, const at_remote *b)
{
    return a->port == b->port && strcmp(a->ip, b->ip) == 0;
}

static void take_datagram(void *ctx, const at_data *data)
{
    udp_port *port = ctx;

    if (data->offset == 0 && port->fresh) {
        port->overtaken++;
        port->fresh = false;
    }
    if (data->total > sizeof port->text) {
        port->overlong = true;
        return;
    }
    memcpy(port->text + data->offset, data->bytes, data->count);
    if (data->offset + data->count < data->total) {
        return;
    }
    port->len = data->total;
    port->has_remote = data->has_remote;
    if (data->has_remote) {
        memcpy(port->from.ip, data->remote_ip, sizeof port->from.ip);
        port->from.port = data->remote_port;
    }
    port->fresh = true;
}

static udp_host *find_host(udp_port *port, const at_remote *from)
{
    for (int i = 0; i < HOSTS; i++) {
        if (port->hosts[i].from.ip[0] == '\0') {
            port->hosts[i].from = *from;
        }
        if (same(&port->hosts[i].from, from)) {
            return &port->hosts[i];
        }
    }
    return NULL;
}

/* The module's view of the far end, unless somebody else has sent meanwhile. */
static bool check_far_end(application *app, const udp_port *port, const at_remote *from)
{
    at_link_info info[AT_LINKS];
    char expected[96];
    size_t count;

    if (!app_expect_ok(app, at_read_links(&app->at, info, AT_LINKS, &count), "AT+CIPSTATE?")) {
        return false;
    }
    for (size_t i = 0; i < count && !port->fresh; i++) {
        if (info[i].link == LINK && (info[i].remote_port != from->port ||
                                     strcmp(info[i].remote_ip, from->ip) != 0)) {
            snprintf(expected, sizeof expected, "the last sender, %s:%u, in AT+CIPSTATE?",
                     from->ip, from->port);
            return report_failure(expected, "%s:%u", info[i].remote_ip, info[i].remote_port);
        }
    }
    return true;
}

static bool answer(application *app, udp_port *port)
{
    char text[sizeof prefix + sizeof port->text];
    size_t len = sizeof prefix - 1u;
    at_remote from = port->from;
    udp_host *host;

    if (!port->has_remote) {
        return report_failure("+IPD to name the sender", "no address");
    }
    host = find_host(port, &from);
    if (host == NULL) {
        return report_failure("datagrams of two hosts", "one of %s:%u", from.ip, from.port);
    }
    memcpy(text, prefix, len);
    memcpy(text + len, port->text, port->len);
    len += port->len;
    port->fresh = false; /* the next one may arrive during the command */
    if (!app_expect_ok(app, at_send(&app->at, LINK, text, len), "AT+CIPSEND of an answer") ||
        !check_far_end(app, port, &from)) {
        return false;
    }
    if (!same(&port->last, &from)) {
        port->turns++;
        port->last = from;
    }
    host->answered++;
    report_log("answered a datagram of %u bytes to %s:%u", (unsigned)(len - sizeof prefix + 1u),
               from.ip, from.port);
    return true;
}

bool step_datagrams(application *app)
{
    static udp_port port;
    uint32_t start = systick_millis();

    memset(&port, 0, sizeof port);
    app_receive(app, LINK, take_datagram, &port);
    if (!app_expect_ok(app, at_set_remote_info(&app->at, true), "AT+CIPDINFO=1") ||
        !app_expect_ok(app, at_open_udp(&app->at, LINK, "0.0.0.0", UDP_PORT, UDP_PORT, AT_UDP_LAST),
                       "AT+CIPSTART of a UDP port")) {
        return false;
    }
    report_log("listening at UDP port %d", UDP_PORT);
    while (port.hosts[0].answered < DATAGRAMS_PER_HOST ||
           port.hosts[1].answered < DATAGRAMS_PER_HOST) {
        if (systick_millis() - start > PATIENCE_MS || !at_link_is_up(&app->at, LINK)) {
            return report_failure("datagrams of two hosts", "%lu and %lu",
                                  (unsigned long)port.hosts[0].answered,
                                  (unsigned long)port.hosts[1].answered);
        }
        at_wait_for(&app->at, &port.fresh, 1000);
        if (port.overlong) {
            return report_failure("datagrams", "one of more than %u bytes",
                                  (unsigned)sizeof port.text);
        }
        if (port.fresh && !answer(app, &port)) {
            return false;
        }
    }
    report_log("the far end changed %lu times", (unsigned long)port.turns);
    if (port.overtaken > 0) {
        report_log("%lu datagrams were overtaken", (unsigned long)port.overtaken);
    }
    if (!app_expect_ok(app, at_close(&app->at, LINK), "AT+CIPCLOSE")) {
        return false;
    }
    app_receive(app, LINK, NULL, NULL);
    return app_expect_ok(app, at_set_remote_info(&app->at, false), "AT+CIPDINFO=0");
}
