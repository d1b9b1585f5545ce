#include "at_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds. The module holds the parser for as long as its own time-outs
   of the longer ones last; these wait a little longer than it does. */
enum {
    SETTING_MS = 2000,
    RESTART_MS = 1000,
    JOIN_MS = 25000,              /* the module gives up after 15 s */
    LEAVE_MS = 5000,
    RESOLVE_MS = 20000,
    CONNECT_MS = 20000,
    PROMPT_MS = 5000,
    SENT_MS = 20000,              /* waits for room in the TCP window */
    CLOSE_MS = 5000,
    PING_MS = 10000,
};

/* How often a question or a setting is sent when no reply comes. */
#define REPEATS 3

/* A string parameter in quotes, escaped as the module wants it. */
typedef struct {
    char text[2u * 64u + 3u];
    bool fits;
} quoted;

static quoted quote(const char *in)
{
    quoted q = {.fits = true};
    size_t n = 0;

    q.text[n++] = '"';
    for (; *in != '\0'; in++) {
        if (n + 4u > sizeof q.text) {
            q.fits = false;
            break;
        }
        if (*in == '"' || *in == ',' || *in == '\\') {
            q.text[n++] = '\\';
        }
        q.text[n++] = *in;
    }
    q.text[n++] = '"';
    q.text[n] = '\0';
    return q;
}

/* If `line` starts with `prefix`, what stands behind it, otherwise NULL. */
static const char *after(const char *line, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

/* Copies a value up to the closing quote (or `,`, or the end) and returns what follows. */
static const char *take_text(const char *p, char *out, size_t cap)
{
    char stop = ',';
    size_t n = 0;

    if (*p == '"') {
        stop = '"';
        p++;
    }
    while (*p != '\0' && *p != stop) {
        if (n + 1u < cap) {
            out[n++] = *p;
        }
        p++;
    }
    out[n] = '\0';
    return stop == '"' && *p == '"' ? p + 1 : p;
}

/* Wants `,<number>` at p; returns what follows, or NULL. */
static const char *take_number(const char *p, unsigned long max, unsigned long *value)
{
    char *end;

    if (p == NULL || p[0] != ',' || p[1] < '0' || p[1] > '9') {
        return NULL;
    }
    *value = strtoul(p + 1, &end, 10);
    return *value <= max ? end : NULL;
}

/* A command that may be sent again when its reply was lost. */
static at_result ask(at_driver *at, at_line_fn on_line, void *ctx, const char *line)
{
    at_result result = AT_TIMEOUT;

    for (int i = 0; i < REPEATS && result == AT_TIMEOUT; i++) {
        result = at_command(at, SETTING_MS, on_line, ctx, "%s", line);
    }
    return result;
}

/* ---- the module itself -------------------------------------------------- */

at_result at_echo_off(at_driver *at)
{
    at_result result = ask(at, NULL, NULL, "ATE0");

    if (result == AT_OK) {
        at->echo = false;
    }
    return result;
}

at_result at_restart(at_driver *at, uint32_t ready_ms)
{
    at_result result;

    at->ready = false;
    result = at_command(at, RESTART_MS, NULL, NULL, "AT+RST");
    if (result == AT_RESTARTED) {
        return AT_OK;
    }
    if (result == AT_OK && !at_wait_for(at, &at->ready, ready_ms)) {
        return AT_TIMEOUT;
    }
    return result;
}

static void version_line(void *ctx, const char *line)
{
    at_version *version = ctx;
    const char *p = after(line, "AT version:");
    char *end;

    if (p != NULL) {
        snprintf(version->text, sizeof version->text, "%s", p);
        version->major = (unsigned)strtoul(p, &end, 10);
        if (*end == '.') {
            version->minor = (unsigned)strtoul(end + 1, &end, 10);
        }
        if (*end == '.') {
            version->patch = (unsigned)strtoul(end + 1, &end, 10);
        }
    }
}

at_result at_read_version(at_driver *at, at_version *version)
{
    at_result result;

    memset(version, 0, sizeof *version);
    result = ask(at, version_line, version, "AT+GMR");
    return result == AT_OK && version->text[0] == '\0' ? AT_BAD_REPLY : result;
}

/* ---- Wi-Fi -------------------------------------------------------------- */

at_result at_set_station_mode(at_driver *at)
{
    return ask(at, NULL, NULL, "AT+CWMODE=1");
}

static void join_line(void *ctx, const char *line)
{
    unsigned *reason = ctx;
    const char *p = after(line, "+CWJAP:");

    if (p != NULL) {
        *reason = (unsigned)strtoul(p, NULL, 10);
    }
}

at_result at_join(at_driver *at, const char *ssid, const char *password, unsigned *reason)
{
    quoted s = quote(ssid), p = quote(password);

    *reason = 0;
    if (!s.fits || !p.fits) {
        return AT_BAD_ARGUMENT;
    }
    return at_command(at, JOIN_MS, join_line, reason, "AT+CWJAP=%s,%s", s.text, p.text);
}

at_result at_leave(at_driver *at)
{
    return at_command(at, LEAVE_MS, NULL, NULL, "AT+CWQAP");
}

static void station_line(void *ctx, const char *line)
{
    at_station *station = ctx;
    const char *p;

    if ((p = after(line, "+CIPSTA:ip:")) != NULL) {
        take_text(p, station->ip, sizeof station->ip);
    } else if ((p = after(line, "+CIPSTA:gateway:")) != NULL) {
        take_text(p, station->gateway, sizeof station->gateway);
    } else if ((p = after(line, "+CIPSTA:netmask:")) != NULL) {
        take_text(p, station->netmask, sizeof station->netmask);
    } else if ((p = after(line, "+CIFSR:STAIP,")) != NULL) {
        take_text(p, station->ip, sizeof station->ip);
    } else if ((p = after(line, "+CIFSR:STAMAC,")) != NULL) {
        take_text(p, station->mac, sizeof station->mac);
    }
}

at_result at_read_station(at_driver *at, at_station *station)
{
    at_station from_cifsr = {0};
    at_result result;

    memset(station, 0, sizeof *station);
    result = ask(at, station_line, &from_cifsr, "AT+CIFSR");
    if (result != AT_OK) {
        return result;
    }
    result = ask(at, station_line, station, "AT+CIPSTA?");
    if (result != AT_OK) {
        return result;
    }
    memcpy(station->mac, from_cifsr.mac, sizeof station->mac);
    if (station->ip[0] == '\0' || station->mac[0] == '\0' ||
        strcmp(station->ip, from_cifsr.ip) != 0) {
        return AT_BAD_REPLY; /* the two must agree */
    }
    return AT_OK;
}

/* ---- TCP/IP ------------------------------------------------------------- */

static void resolve_line(void *ctx, const char *line)
{
    const char *p = after(line, "+CIPDOMAIN:");

    if (p != NULL) {
        take_text(p, ctx, AT_IP_TEXT_MAX);
    }
}

at_result at_resolve(at_driver *at, const char *name, char *ip)
{
    quoted n = quote(name);
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
    const char *p = after(line, "+PING:");

    if (p != NULL && *p >= '0' && *p <= '9') {
        *ms = (uint32_t)strtoul(p, NULL, 10);
    }
}

at_result at_ping(at_driver *at, const char *host, uint32_t *ms)
{
    quoted h = quote(host);
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
    at_result result = ask(at, NULL, NULL, multiple ? "AT+CIPMUX=1" : "AT+CIPMUX=0");

    if (result == AT_OK) {
        at->multiple = multiple;
    }
    return result;
}

at_result at_set_remote_info(at_driver *at, bool shown)
{
    return ask(at, NULL, NULL, shown ? "AT+CIPDINFO=1" : "AT+CIPDINFO=0");
}

static bool link_is_valid(const at_driver *at, int link)
{
    return link >= 0 && link < (at->multiple ? AT_LINKS : 1);
}

at_result at_connect(at_driver *at, int link, const char *type, const char *host, uint16_t port)
{
    quoted h = quote(host);
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
    const char *p = after(line, "+CIPSTATE:");
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
    p = take_text(p + 2, info.type, sizeof info.type);
    if (*p != ',') {
        list->malformed = true;
        return;
    }
    p = take_text(p + 1, info.remote_ip, sizeof info.remote_ip);
    p = take_number(p, UINT16_MAX, &remote);
    p = take_number(p, UINT16_MAX, &local);
    p = take_number(p, 1, &role);
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

    for (int i = 0; i < REPEATS && result == AT_TIMEOUT; i++) {
        list = (link_list){.info = info, .cap = cap}; /* half a reply may have come */
        result = at_command(at, SETTING_MS, link_line, &list, "AT+CIPSTATE?");
    }
    *count = list.count;
    return result == AT_OK && list.malformed ? AT_BAD_REPLY : result;
}
