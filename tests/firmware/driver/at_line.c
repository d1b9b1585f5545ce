/* The UART to the module: its rate, and passthrough, where it carries payload only. */
#include "at_commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "at_text.h"

enum {
    SETTLE_MS = 10,               /* real modules need a moment after OK */
    PASS_CHUNK = 64,
    ESCAPE_SILENCE_MS = 25,       /* around +++; the module wants more than 20 ms */
    ESCAPE_PAUSE_MS = 1000,       /* before the next command, as the manual says */
    ESCAPE_TRIES = 3,
};

/* ---- its rate -------------------------------------------------------------- */

/* +UART_CUR:<baud>,<data bits>,<stop bits>,<parity>,<flow control> */
static void line_settings(void *ctx, const char *line)
{
    uint32_t *baud = ctx;
    const char *p = at_after(line, "+UART_CUR:");

    if (p != NULL) {
        *baud = (uint32_t)strtoul(p, NULL, 10);
    }
}

at_result at_set_baud(at_driver *at, uint32_t baud, unsigned flow_control)
{
    uint32_t said = 0;
    at_result result = at_command(at, AT_SETTING_MS, NULL, NULL, "AT+UART_CUR=%lu,8,1,0,%u",
                                  (unsigned long)baud, flow_control);

    if (result != AT_OK) {
        return result;
    }
    /* OK still came at the old rate; the module has the new one since its last bit. */
    at->port->set_baud(at->port->ctx, baud);
    at_pause(at, SETTLE_MS);
    result = at_ask(at, line_settings, &said, "AT+UART_CUR?");
    /* It says what its divider makes of it. */
    return result == AT_OK && (said < baud - baud / 50u || said > baud + baud / 50u)
               ? AT_BAD_REPLY
               : result;
}

/* ---- passthrough ----------------------------------------------------------- */

at_result at_enter_passthrough(at_driver *at)
{
    at_result result = at_ask(at, NULL, NULL, "AT+CIPMODE=1");

    if (result == AT_OK) {
        at_parser_pass_through(&at->parser, true);
        result = at_command_for_prompt(at, AT_SETTING_MS, "AT+CIPSEND");
        if (result != AT_OK) {
            at_parser_pass_through(&at->parser, false);
        }
    }
    return result;
}

at_result at_set_transmit_interval(at_driver *at, unsigned ms)
{
    char line[32];

    snprintf(line, sizeof line, "AT+TRANSINTVL=%u", ms);
    return at_ask(at, NULL, NULL, line);
}

void at_pass(at_driver *at, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        size_t chunk = count < PASS_CHUNK ? count : PASS_CHUNK;

        at->port->write(at->port->ctx, bytes, chunk);
        at->stats.raw_sent += (uint32_t)chunk;
        bytes += chunk;
        count -= chunk;
        at_poll(at); /* the answer comes while we send */
    }
}

/* Lets everything that was written leave the wire, and then `ms` of silence pass. */
static void keep_silence(at_driver *at, uint32_t ms)
{
    while (!at->port->sent(at->port->ctx)) {
        if (!at_poll(at)) {
            at->port->idle(at->port->ctx);
        }
    }
    at_pause(at, ms);
}

void at_escape(at_driver *at)
{
    keep_silence(at, ESCAPE_SILENCE_MS);
    at->port->write(at->port->ctx, (const uint8_t *)"+++", 3);
    keep_silence(at, ESCAPE_PAUSE_MS);
}

at_result at_leave_passthrough(at_driver *at)
{
    at_result result;

    at_parser_pass_through(&at->parser, false);
    result = at_sync(at, 1); /* nothing else says that `+++` was understood */
    for (unsigned i = 1; i < ESCAPE_TRIES && result == AT_TIMEOUT; i++) {
        at_escape(at);
        result = at_sync(at, 1);
    }
    return result == AT_OK ? at_ask(at, NULL, NULL, "AT+CIPMODE=0") : result;
}
