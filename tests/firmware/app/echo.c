/* Two links at once, UDP and TCP, to echo services; every byte that returns is compared. */
#include "demo.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "report.h"

enum { UDP_LINK = 0, TCP_LINK = 1 };
enum { UDP_TRIES = 8, UDP_REPLY_MS = 1000, TCP_REPLY_MS = 60000 };

/* A round sends `tcp` bytes on one link and, while they return, a datagram of `udp`. */
typedef struct {
    uint16_t tcp;
    uint16_t udp;
} echo_round;

static const echo_round rounds[] = {{300, 1}, {1024, 32}, {2048, 512}, {700, 1460}};
static const echo_round round_with_remote = {64, 200};
#define ROUNDS ((uint8_t)(sizeof rounds / sizeof rounds[0]))

/* What is expected on one link, and what has come. */
typedef struct {
    uint8_t expected[2048];
    size_t expected_len;
    size_t got;                   /* bytes that were right so far */
    bool wrong;
    size_t wrong_at;
    bool done;                    /* all is here, or something is wrong */
    bool has_remote;              /* of the last block */
    char remote_ip[AT_IP_TEXT_MAX];
    uint16_t remote_port;
} echo_link;

typedef struct {
    echo_link link;
    uint8_t round;                /* of the datagram on its way */
    uint8_t datagram[2048];       /* what is arriving */
    uint32_t late;                /* echoes of earlier datagrams, not errors */
} udp_link;

static udp_link udp;
static echo_link tcp;

/* A payload that differs by round and would confuse a parser that looked into it. */
static void fill(uint8_t *out, size_t count, uint8_t round)
{
    static const char trap[] = "\r\nOK\r\n\r\n>\r\nERROR\r\n+IPD,0,4:trap\r\nSEND OK\r\n"
                               "1,CLOSED\r\nready\r\n\r\n+IPD,1,9";

    for (size_t i = 0; i < count; i++) {
        out[i] = (uint8_t)(round * 31u + i * 7u + (i >> 8) + 1u);
    }
    out[0] = round;
    if (count > sizeof trap) {
        memcpy(out + 1, trap, sizeof trap - 1);
    }
}

static void expect(echo_link *link, size_t count, uint8_t round)
{
    link->expected_len = count;
    fill(link->expected, count, round);
    link->got = 0;
    link->wrong = false;
    link->done = false;
}

static void note_remote(echo_link *link, const at_data *data)
{
    link->has_remote = data->has_remote;
    if (data->has_remote) {
        snprintf(link->remote_ip, sizeof link->remote_ip, "%s", data->remote_ip);
        link->remote_port = data->remote_port;
    }
}

/* Compares `count` bytes with what comes next on the link. */
static void compare(echo_link *link, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count && !link->wrong; i++) {
        if (link->got >= link->expected_len || bytes[i] != link->expected[link->got]) {
            link->wrong = true;
            link->wrong_at = link->got;
        } else {
            link->got++;
        }
    }
    link->done = link->wrong || link->got == link->expected_len;
}

static void take_tcp(void *ctx, const at_data *data)
{
    echo_link *link = ctx;

    note_remote(link, data);
    compare(link, data->bytes, data->count);
}

/* Datagrams may be late, repeated or missing, but never different. */
static bool is_earlier(const udp_link *u, uint32_t count)
{
    static uint8_t earlier[sizeof u->datagram];
    uint8_t round = u->datagram[0];

    if (round > u->round || round >= ROUNDS || rounds[round].udp != count) {
        return false;
    }
    fill(earlier, count, round);
    return memcmp(earlier, u->datagram, count) == 0;
}

static void take_udp(void *ctx, const at_data *data)
{
    udp_link *u = ctx;

    if (data->total > sizeof u->datagram) {
        u->link.wrong = u->link.done = true;
        return;
    }
    memcpy(u->datagram + data->offset, data->bytes, data->count);
    if (data->offset + data->count < data->total) {
        return;
    }
    if (u->link.done || data->total != u->link.expected_len || u->datagram[0] != u->round) {
        if (is_earlier(u, data->total)) {
            u->late++;
            return;
        }
    }
    if (!u->link.done) {
        note_remote(&u->link, data);
        compare(&u->link, u->datagram, data->total);
    }
}

static bool expect_right(const echo_link *link, const char *name)
{
    char expected[64];

    if (!link->wrong && link->got == link->expected_len) {
        return true;
    }
    snprintf(expected, sizeof expected, "%s echo of %u bytes", name,
             (unsigned)link->expected_len);
    if (link->wrong) {
        return report_failure(expected, "a wrong byte at %u", (unsigned)link->wrong_at);
    }
    return report_failure(expected, "%u bytes in time", (unsigned)link->got);
}

/* Sends the datagram until its echo is here. */
static bool exchange_datagram(application *app)
{
    at_result result = AT_OK;

    for (int i = 1; i <= UDP_TRIES && !udp.link.done; i++) {
        if (i > 1) {
            app->retries++;
            report_log("UDP echo of %u bytes: no answer, sending again",
                       (unsigned)udp.link.expected_len);
        }
        result = at_send(&app->at, UDP_LINK, udp.link.expected, udp.link.expected_len);
        if (result == AT_RESTARTED || app->link_closed[UDP_LINK]) {
            break;
        }
        at_wait_for(&app->at, &udp.link.done, UDP_REPLY_MS);
    }
    if (!udp.link.done && result != AT_OK) {
        return app_expect_ok(app, result, "AT+CIPSEND of a datagram");
    }
    return expect_right(&udp.link, "UDP");
}

static bool wait_for_tcp(application *app)
{
    for (uint32_t waited = 0; !tcp.done && waited < TCP_REPLY_MS; waited += 10) {
        if (app->link_closed[TCP_LINK]) {
            return report_failure("the TCP echo", "CLOSED after %u of %u bytes",
                                  (unsigned)tcp.got, (unsigned)tcp.expected_len);
        }
        at_wait_for(&app->at, &tcp.done, 10);
    }
    return expect_right(&tcp, "TCP");
}

static bool run_round(application *app, echo_round round, uint8_t number)
{
    udp.round = number;
    expect(&udp.link, round.udp, number);
    expect(&tcp, round.tcp, number);
    if (!app_expect_ok(app, at_send(&app->at, TCP_LINK, tcp.expected, tcp.expected_len),
                       "AT+CIPSEND on the TCP link")) {
        return false;
    }
    if (!exchange_datagram(app) || !wait_for_tcp(app)) {
        return false;
    }
    report_log("echoed %u bytes over TCP, a datagram of %u over UDP", round.tcp, round.udp);
    return true;
}

/* Both links as the module sees them; the addresses come back through `info`. */
static bool check_links(application *app, at_link_info info[2])
{
    size_t count;

    if (!app_expect_ok(app, at_read_links(&app->at, info, 2, &count), "AT+CIPSTATE?")) {
        return false;
    }
    if (count != 2) {
        return report_failure("two links in AT+CIPSTATE?", "%u", (unsigned)count);
    }
    if (info[0].link == TCP_LINK) { /* in any order */
        at_link_info first = info[0];

        info[0] = info[1];
        info[1] = first;
    }
    for (int i = 0; i < 2; i++) {
        const char *type = i == UDP_LINK ? "UDP" : "TCP";
        char expected[64];

        if (info[i].link != i || strcmp(info[i].type, type) != 0 || info[i].incoming ||
            info[i].remote_port != ECHO_PORT || info[i].local_port == 0) {
            snprintf(expected, sizeof expected, "link %d in AT+CIPSTATE?: %s to port %d", i, type,
                     ECHO_PORT);
            return report_failure(expected, "link %d: %s from %u to %s:%u", info[i].link,
                                  info[i].type, info[i].local_port, info[i].remote_ip,
                                  info[i].remote_port);
        }
        report_log("link %d: %s from port %u to %s:%u", i, type, info[i].local_port,
                   info[i].remote_ip, info[i].remote_port);
    }
    return true;
}

static bool check_remote(const echo_link *link, const at_link_info *info)
{
    char expected[80];

    if (link->has_remote && link->remote_port == info->remote_port &&
        strcmp(link->remote_ip, info->remote_ip) == 0) {
        return true;
    }
    snprintf(expected, sizeof expected, "+IPD on link %d to name %s:%u", info->link,
             info->remote_ip, info->remote_port);
    return link->has_remote
               ? report_failure(expected, "%s:%u", link->remote_ip, link->remote_port)
               : report_failure(expected, "no address");
}

/* With AT+CIPDINFO=1 each +IPD also says who sent it. */
static bool exchange_with_remote(application *app, const at_link_info info[2])
{
    if (!app_expect_ok(app, at_set_remote_info(&app->at, true), "AT+CIPDINFO=1") ||
        !run_round(app, round_with_remote, ROUNDS) || !check_remote(&udp.link, &info[UDP_LINK]) ||
        !check_remote(&tcp, &info[TCP_LINK])) {
        return false;
    }
    return app_expect_ok(app, at_set_remote_info(&app->at, false), "AT+CIPDINFO=0");
}

static bool close_link(application *app, int link)
{
    char what[32];

    snprintf(what, sizeof what, "AT+CIPCLOSE=%d", link);
    if (!app_expect_ok(app, at_close(&app->at, link), what)) {
        return false;
    }
    if (!app->link_closed[link]) {
        return report_failure("CLOSED before the OK of AT+CIPCLOSE", "only OK");
    }
    app_receive(app, link, NULL, NULL);
    return true;
}

bool step_echo(application *app)
{
    at_link_info info[2];

    if (!app_expect_ok(app, at_set_multiple_links(&app->at, true), "AT+CIPMUX=1")) {
        return false;
    }
    app_receive(app, UDP_LINK, take_udp, &udp);
    app_receive(app, TCP_LINK, take_tcp, &tcp);
    if (!app_connect(app, UDP_LINK, "UDP", UDP_ECHO_HOST, ECHO_PORT) ||
        !app_connect(app, TCP_LINK, "TCP", TCP_ECHO_HOST, ECHO_PORT) ||
        !check_links(app, info)) {
        return false;
    }
    for (uint8_t i = 0; i < ROUNDS; i++) {
        if (!run_round(app, rounds[i], i)) {
            return false;
        }
    }
    if (!exchange_with_remote(app, info)) {
        return false;
    }
    if (udp.late > 0) {
        report_log("%lu late or repeated datagrams", (unsigned long)udp.late);
    }
    return close_link(app, UDP_LINK) && close_link(app, TCP_LINK);
}
