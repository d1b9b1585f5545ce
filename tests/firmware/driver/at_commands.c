#include "at_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at_text.h"

/* Milliseconds. The module holds the parser for as long as its own time-outs
   of the longer ones last; these wait a little longer than it does. */
enum {
    RESTART_MS = 1000,
    JOIN_MS = 25000,              /* the module gives up after 15 s */
    LEAVE_MS = 5000,
};

at_result at_ask(at_driver *at, at_line_fn on_line, void *ctx, const char *line)
{
    at_result result = AT_TIMEOUT;

    for (int i = 0; i < AT_REPEATS && result == AT_TIMEOUT; i++) {
        result = at_command(at, AT_SETTING_MS, on_line, ctx, "%s", line);
    }
    return result;
}

/* ---- the module itself -------------------------------------------------- */

at_result at_echo_off(at_driver *at)
{
    at_result result = at_ask(at, NULL, NULL, "ATE0");

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
    const char *p = at_after(line, "AT version:");
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
    result = at_ask(at, version_line, version, "AT+GMR");
    return result == AT_OK && version->text[0] == '\0' ? AT_BAD_REPLY : result;
}

/* ---- Wi-Fi -------------------------------------------------------------- */

at_result at_set_station_mode(at_driver *at)
{
    return at_ask(at, NULL, NULL, "AT+CWMODE=1");
}

static void join_line(void *ctx, const char *line)
{
    unsigned *reason = ctx;
    const char *p = at_after(line, "+CWJAP:");

    if (p != NULL) {
        *reason = (unsigned)strtoul(p, NULL, 10);
    }
}

at_result at_join(at_driver *at, const char *ssid, const char *password, unsigned *reason)
{
    at_quoted s = at_quote(ssid), p = at_quote(password);

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

    if ((p = at_after(line, "+CIPSTA:ip:")) != NULL) {
        at_take_text(p, station->ip, sizeof station->ip);
    } else if ((p = at_after(line, "+CIPSTA:gateway:")) != NULL) {
        at_take_text(p, station->gateway, sizeof station->gateway);
    } else if ((p = at_after(line, "+CIPSTA:netmask:")) != NULL) {
        at_take_text(p, station->netmask, sizeof station->netmask);
    } else if ((p = at_after(line, "+CIFSR:STAIP,")) != NULL) {
        at_take_text(p, station->ip, sizeof station->ip);
    } else if ((p = at_after(line, "+CIFSR:STAMAC,")) != NULL) {
        at_take_text(p, station->mac, sizeof station->mac);
    }
}

at_result at_read_station(at_driver *at, at_station *station)
{
    at_station from_cifsr = {0};
    at_result result;

    memset(station, 0, sizeof *station);
    result = at_ask(at, station_line, &from_cifsr, "AT+CIFSR");
    if (result != AT_OK) {
        return result;
    }
    result = at_ask(at, station_line, station, "AT+CIPSTA?");
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
