#include "at_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at_text.h"

/* Milliseconds. The module holds the parser for as long as its own time-outs
   of the longer ones last; these wait a little longer than it does. */
enum {
    RESOLVE_MS = 20000,
    CONNECT_MS = 20000,
    PROMPT_MS = 5000,
    SENT_MS = 20000,              /* waits for room in the TCP window */
    CLOSE_MS = 5000,
    PING_MS = 10000,
    READ_MS = 10000,              /* 5760 bytes take 6 s at 9600 baud */
};

static void resolve_line(void *ctx, const char *line)
{
    const char *p = at_after(line, "+CIPDOMAIN:");

    if (p != NULL) {
        at_take_text(p, ctx, AT_IP_TEXT_MAX);
    }
}

at_result at_resolve(at_driver *at, const char *name, char *ip)
{
    at_quoted n = at_quote(name);
    at_result result;

    ip[0] = '\0';
    if (!n.fits) {
        return AT_BAD_ARGUMENT;
    }
    result = at_command(at, RESOLVE_MS, resolve_line, ip, "AT+CIPDOMAIN=%s", n.text);
    return result == AT_OK && ip[0] == '\0' ? AT_BAD_REPLY : result;
}

static void ping_line(void *ctx, const char *line)
{
    uint32_t *ms = ctx;
    const char *p = at_after(line, "+PING:");

    if (p != NULL && *p >= '0' && *p <= '9') {
        *ms = (uint32_t)strtoul(p, NULL, 10);
    }
}

at_result at_ping(at_driver *at, const char *host, uint32_t *ms)
{
    at_quoted h = at_quote(host);
    at_result result;

    *ms = UINT32_MAX;
    if (!h.fits) {
        return AT_BAD_ARGUMENT;
    }
    result = at_command(at, PING_MS, ping_line, ms, "AT+PING=%s", h.text);
    return result == AT_OK && *ms == UINT32_MAX ? AT_BAD_REPLY : result;
}

at_result at_set_multiple_links(at_driver *at, bool multiple)
{
    at_result result = at_ask(at, NULL, NULL, multiple ? "AT+CIPMUX=1" : "AT+CIPMUX=0");

    if (result == AT_OK) {
        at->multiple = multiple;
    }
    return result;
}

at_result at_set_remote_info(at_driver *at, bool shown)
{
    at_result result = at_ask(at, NULL, NULL, shown ? "AT+CIPDINFO=1" : "AT+CIPDINFO=0");

    if (result == AT_OK) {
        at_parser_set_answers_have_remote(&at->parser, shown);
    }
    return result;
}

static bool link_is_valid(const at_driver *at, int link)
{
    return link >= 0 && link < (at->multiple ? AT_LINKS : 1);
}

at_result at_connect(at_driver *at, int link, const char *type, const char *host, uint16_t port)
{
    at_quoted h = at_quote(host);
    at_result result;

    if (!link_is_valid(at, link) || !h.fits) {
        return AT_BAD_ARGUMENT;
    }
    if (at->multiple) {
        result = at_command(at, CONNECT_MS, NULL, NULL, "AT+CIPSTART=%d,\"%s\",%s,%u", link, type,
                            h.text, port);
    } else {
        result = at_command(at, CONNECT_MS, NULL, NULL, "AT+CIPSTART=\"%s\",%s,%u", type, h.text,
                            port);
    }
    return result;
}

at_result at_open_udp(at_driver *at, int link, const char *host, uint16_t port,
                      uint16_t local_port, at_udp_mode mode)
{
    at_quoted h = at_quote(host);
    char id[8] = "";

    if (!link_is_valid(at, link) || !h.fits) {
        return AT_BAD_ARGUMENT;
    }
    if (at->multiple) {
        snprintf(id, sizeof id, "%d,", link);
    }
    return at_command(at, CONNECT_MS, NULL, NULL, "AT+CIPSTART=%s\"UDP\",%s,%u,%u,%d", id, h.text,
                      port, local_port, (int)mode);
}

at_result at_send(at_driver *at, int link, const void *bytes, size_t count)
{
    if (!link_is_valid(at, link)) {
        return AT_BAD_ARGUMENT;
    }
    if (at->multiple) {
        return at_command_with_payload(at, PROMPT_MS, SENT_MS, bytes, count, "AT+CIPSEND=%d,%u",
                                       link, (unsigned)count);
    }
    return at_command_with_payload(at, PROMPT_MS, SENT_MS, bytes, count, "AT+CIPSEND=%u",
                                   (unsigned)count);
}

at_result at_close(at_driver *at, int link)
{
    if (!link_is_valid(at, link)) {
        return AT_BAD_ARGUMENT;
    }
    if (at->multiple) {
        return at_command(at, CLOSE_MS, NULL, NULL, "AT+CIPCLOSE=%d", link);
    }
    return at_command(at, CLOSE_MS, NULL, NULL, "AT+CIPCLOSE");
}

typedef struct {
    at_link_info *info;
    size_t cap;
    size_t count;
    bool malformed;
} link_list;

/* <id>,"<type>","<remote ip>",<remote port>,<local port>,<tetype> */
static void link_line(void *ctx, const char *line)
{
    link_list *list = ctx;
    const char *p = at_after(line, "+CIPSTATE:");
    at_link_info info;
    unsigned long remote, local, role;

    if (p == NULL) {
        return;
    }
    if (p[0] < '0' || p[0] >= '0' + AT_LINKS || p[1] != ',') {
        list->malformed = true;
        return;
    }
    info.link = p[0] - '0';
    p = at_take_text(p + 2, info.type, sizeof info.type);
    if (*p != ',') {
        list->malformed = true;
        return;
    }
    p = at_take_text(p + 1, info.remote_ip, sizeof info.remote_ip);
    p = at_take_number(p, UINT16_MAX, &remote);
    p = at_take_number(p, UINT16_MAX, &local);
    p = at_take_number(p, 1, &role);
    if (p == NULL) {
        list->malformed = true;
        return;
    }
    info.remote_port = (uint16_t)remote;
    info.local_port = (uint16_t)local;
    info.incoming = role == 1;
    if (list->count < list->cap) {
        list->info[list->count] = info;
    }
    list->count++;
}

at_result at_read_links(at_driver *at, at_link_info *info, size_t cap, size_t *count)
{
    link_list list;
    at_result result = AT_TIMEOUT;

    for (int i = 0; i < AT_REPEATS && result == AT_TIMEOUT; i++) {
        list = (link_list){.info = info, .cap = cap}; /* half a reply may have come */
        result = at_command(at, AT_SETTING_MS, link_line, &list, "AT+CIPSTATE?");
    }
    *count = list.count;
    return result == AT_OK && list.malformed ? AT_BAD_REPLY : result;
}

/* ---- the server ---------------------------------------------------------- */

at_result at_set_server_clients(at_driver *at, unsigned clients)
{
    char line[32];

    snprintf(line, sizeof line, "AT+CIPSERVERMAXCONN=%u", clients);
    return at_ask(at, NULL, NULL, line);
}

at_result at_set_server_timeout(at_driver *at, unsigned seconds)
{
    char line[32];

    snprintf(line, sizeof line, "AT+CIPSTO=%u", seconds);
    return at_ask(at, NULL, NULL, line);
}

at_result at_start_server(at_driver *at, uint16_t port)
{
    return at_command(at, AT_SETTING_MS, NULL, NULL, "AT+CIPSERVER=1,%u", port);
}

at_result at_stop_server(at_driver *at, bool close_clients)
{
    return at_command(at, CLOSE_MS, NULL, NULL, "AT+CIPSERVER=0,%d", close_clients);
}

/* +CIPSERVER:0, or +CIPSERVER:1,<port>,"<type>",<CA enable> */
static void server_line(void *ctx, const char *line)
{
    long *port = ctx;
    const char *p = at_after(line, "+CIPSERVER:");
    unsigned long number;

    if (p != NULL && p[0] == '0') {
        *port = 0;
    } else if (p != NULL && p[0] == '1' && at_take_number(p + 1, UINT16_MAX, &number) != NULL) {
        *port = (long)number;
    }
}

at_result at_read_server(at_driver *at, uint16_t *port)
{
    long said = -1;
    at_result result = at_ask(at, server_line, &said, "AT+CIPSERVER?");

    *port = said > 0 ? (uint16_t)said : 0;
    return result == AT_OK && said < 0 ? AT_BAD_REPLY : result;
}

/* ---- passive receiving ----------------------------------------------------- */

at_result at_set_passive_receive(at_driver *at, bool passive)
{
    return at_ask(at, NULL, NULL, passive ? "AT+CIPRECVMODE=1" : "AT+CIPRECVMODE=0");
}

typedef struct {
    uint32_t waiting[AT_LINKS];
    bool seen;
} waiting_list;

/* A number for each link; -1, or on some releases nothing, when it is not open. */
static void waiting_line(void *ctx, const char *line)
{
    waiting_list *list = ctx;
    const char *p = at_after(line, "+CIPRECVLEN:");

    for (int link = 0; p != NULL && link < AT_LINKS; link++) {
        char *end;
        long number = strtol(p, &end, 10);

        list->seen = true;
        list->waiting[link] = number > 0 ? (uint32_t)number : 0;
        p = *end == ',' ? end + 1 : NULL;
    }
}

at_result at_read_waiting(at_driver *at)
{
    waiting_list list = {0};
    at_result result = at_ask(at, waiting_line, &list, "AT+CIPRECVLEN?");

    if (result == AT_OK && !list.seen) {
        return AT_BAD_REPLY;
    }
    if (result == AT_OK) {
        memcpy(at->waiting, list.waiting, sizeof at->waiting);
    }
    return result;
}

at_result at_receive(at_driver *at, int link, void *out, size_t cap, size_t *count,
                     at_remote *remote)
{
    char id[8] = "";

    *count = 0;
    if (!link_is_valid(at, link) || cap == 0) {
        return AT_BAD_ARGUMENT;
    }
    if (at->multiple) {
        snprintf(id, sizeof id, "%d,", link);
    }
    return at_command_that_reads(at, READ_MS, link, out, cap, count, remote,
                                 "AT+CIPRECVDATA=%s%u", id, (unsigned)cap);
}
