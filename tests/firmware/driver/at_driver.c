#include "at_driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "at_urc.h"

#define BUSY_RETRY_MS 200u        /* pause after busy p... */
#define BUSY_TRIES 50u
#define SYNC_REPLY_MS 500u
#define QUIET_MS 100u             /* silence that ends a late reply */
#define BLOCK_GAP_MS 250u         /* silence inside a block: the module restarted */
#define DRAIN_MAX_MS 2000u        /* a link that never stops receiving */

static void parser_line(void *ctx, const char *text);
static void parser_prompt(void *ctx);
static void parser_payload(void *ctx, const at_block_header *header, uint32_t offset,
                           const uint8_t *bytes, size_t count);

static const at_parser_sink parser_sink = {parser_line, parser_prompt, parser_payload};

void at_init(at_driver *at, const at_port *port, const at_handlers *handlers)
{
    memset(at, 0, sizeof *at);
    at->port = port;
    at->handlers = handlers;
    at->echo = true;
    at_parser_init(&at->parser, &parser_sink, at);
}

static uint32_t now(const at_driver *at)
{
    return at->port->millis(at->port->ctx);
}

static void finish(at_driver *at, at_result outcome)
{
    at->outcome = outcome;
    at->outcome_known = true;
}

/* ---- what arrives ------------------------------------------------------ */

static bool take_final(at_driver *at, const char *line)
{
    if (strcmp(line, "OK") == 0) {
        if (at->phase == AT_PHASE_FINAL) {
            finish(at, AT_OK);
        } /* before a prompt it only says that the command was accepted */
    } else if (strcmp(line, "ERROR") == 0 || strcmp(line, "FAIL") == 0) {
        finish(at, AT_ERROR);
    } else if (strcmp(line, "SEND OK") == 0 || strcmp(line, "+MQTTPUB:OK") == 0) {
        if (at->phase == AT_PHASE_SENT) {
            finish(at, AT_OK);
        }
    } else if (strcmp(line, "SEND FAIL") == 0 || strcmp(line, "SEND Canceled") == 0 ||
               strcmp(line, "+MQTTPUB:FAIL") == 0) {
        if (at->phase == AT_PHASE_SENT) {
            finish(at, AT_SEND_FAIL);
        }
    } else if (strcmp(line, "busy p...") == 0 || strcmp(line, "busy s...") == 0) {
        if (at->phase != AT_PHASE_SENT) { /* there it is about no command of ours */
            finish(at, AT_BUSY);
        }
    } else {
        return false;
    }
    return true;
}

static void parser_line(void *ctx, const char *line)
{
    at_driver *at = ctx;

    if (at->echo && at->command_len > 0 && strncmp(line, at->command, at->command_len) == 0) {
        line += at->command_len; /* a URC may stand directly behind the echo */
        while (*line == '\r') {
            line++;
        }
        if (*line == '\0') {
            return;
        }
    }
    if (at_take_urc(at, line)) {
        return;
    }
    if (at->phase == AT_PHASE_IDLE) {
        at->stats.unknown_lines++;
        return;
    }
    if (take_final(at, line)) {
        return;
    }
    if (at->phase == AT_PHASE_SENT && strncmp(line, "Recv ", 5) == 0) {
        return;
    }
    snprintf(at->last_line, sizeof at->last_line, "%s", line);
    if (at->on_line != NULL) {
        at->on_line(at->on_line_ctx, line);
    } else {
        at->stats.unknown_lines++;
    }
}

static void parser_prompt(void *ctx)
{
    at_driver *at = ctx;

    if (at->phase == AT_PHASE_PROMPT) {
        finish(at, AT_OK);
    }
}

/* A piece of what AT+CIPRECVDATA asked for. Without room, of a late answer, nothing is kept. */
static void take_answer(at_driver *at, const at_block_header *header, const uint8_t *bytes,
                        size_t count)
{
    uint32_t *waiting = &at->waiting[at->read.link];
    size_t room = at->read.cap - at->read.count;

    if (room > count) {
        room = count;
    }
    if (room > 0) {
        memcpy(at->read.bytes + at->read.count, bytes, room);
        at->read.count += room;
    }
    at->read.total = header->length;
    *waiting -= count < *waiting ? (uint32_t)count : *waiting; /* a new notice follows the OK */
    if (header->has_remote) {
        memcpy(at->read.remote.ip, header->remote_ip, sizeof at->read.remote.ip);
        at->read.remote.port = header->remote_port;
    }
}

static void take_message(at_driver *at, const at_block_header *header, uint32_t offset,
                         const uint8_t *bytes, size_t count)
{
    const at_message message = {
        .topic = header->topic,
        .total = header->length,
        .offset = offset,
        .bytes = bytes,
        .count = count,
    };

    at->stats.messages += offset == 0 ? 1 : 0;
    at->handlers->message(at->handlers->ctx, &message);
}

static void parser_payload(void *ctx, const at_block_header *header, uint32_t offset,
                           const uint8_t *bytes, size_t count)
{
    at_driver *at = ctx;
    at_data data = {
        .link = header->link == AT_LINK_NONE ? 0 : header->link,
        .total = header->length,
        .offset = offset,
        .bytes = bytes,
        .count = count,
        .has_remote = header->has_remote,
        .remote_ip = header->remote_ip,
        .remote_port = header->remote_port,
    };

    if (header->kind == AT_BLOCK_ANSWER) {
        take_answer(at, header, bytes, count);
        return;
    }
    if (header->kind == AT_BLOCK_MESSAGE) {
        take_message(at, header, offset, bytes, count);
        return;
    }
    if (header->kind == AT_BLOCK_RAW) {
        at->stats.raw_received += (uint32_t)count;
    } else {
        at->stats.ipd_blocks += offset == 0 ? 1 : 0;
        at->stats.ipd_bytes += (uint32_t)count;
    }
    at->handlers->data(at->handlers->ctx, &data);
}

bool at_poll(at_driver *at)
{
    uint8_t bytes[64];
    size_t count;
    bool any = false;

    if (at->polling) {
        return false;
    }
    at->polling = true;
    while ((count = at->port->read(at->port->ctx, bytes, sizeof bytes)) > 0) {
        at_parser_feed(&at->parser, bytes, count);
        any = true;
    }
    if (any) {
        at->last_byte_ms = now(at);
    } else if (at_parser_in_block(&at->parser) && now(at) - at->last_byte_ms >= BLOCK_GAP_MS) {
        at->stats.broken_blocks++;
        at_parser_reset(&at->parser);
        at_parser_expect_prompt(&at->parser, at->phase == AT_PHASE_PROMPT);
    }
    at->polling = false;
    return any;
}

/* ---- waiting ----------------------------------------------------------- */

bool at_wait_for(at_driver *at, const bool *flag, uint32_t ms)
{
    uint32_t start = now(at);

    for (;;) {
        bool any = at_poll(at);

        if (*flag || now(at) - start >= ms) {
            return *flag;
        }
        if (!any) {
            at->port->idle(at->port->ctx);
        }
    }
}

void at_pause(at_driver *at, uint32_t ms)
{
    static const bool never = false;

    at_wait_for(at, &never, ms);
}

/* Lets late lines pass until nothing has arrived for QUIET_MS. */
static void drain(at_driver *at)
{
    uint32_t start = now(at);
    uint32_t last = start;

    at->phase = AT_PHASE_IDLE;
    while (now(at) - last < QUIET_MS && now(at) - start < DRAIN_MAX_MS) {
        if (at_poll(at)) {
            last = now(at);
        } else {
            at->port->idle(at->port->ctx);
        }
    }
}

/* ---- commands ---------------------------------------------------------- */

static void send_line(at_driver *at)
{
    at->outcome_known = false;
    at->error_code = 0;
    at->last_line[0] = '\0';
    at->stats.commands++;
    at->port->write(at->port->ctx, (const uint8_t *)at->command, at->command_len);
    at->port->write(at->port->ctx, (const uint8_t *)"\r\n", 2);
}

static at_result await(at_driver *at, uint32_t timeout_ms)
{
    if (!at_wait_for(at, &at->outcome_known, timeout_ms)) {
        at->stats.timeouts++;
        at->out_of_step = true;
        return AT_TIMEOUT;
    }
    return at->outcome;
}

at_result at_sync(at_driver *at, unsigned tries)
{
    at_result result = AT_TIMEOUT;

    for (unsigned i = 0; i < tries && result != AT_OK; i++) {
        drain(at);
        at->command_len = (size_t)snprintf(at->command, sizeof at->command, "AT");
        at->on_line = NULL;
        at->phase = AT_PHASE_FINAL;
        send_line(at);
        result = await(at, SYNC_REPLY_MS);
        at->phase = AT_PHASE_IDLE;
        if (result == AT_RESTARTED) {
            return result;
        }
    }
    if (result == AT_OK) {
        drain(at); /* that OK may have been the late one */
        at->out_of_step = false;
    }
    return result;
}

/* Runs the line in at->command until its final result or its prompt. */
static at_result transact(at_driver *at, bool wants_prompt, uint32_t timeout_ms)
{
    at_result result = AT_BUSY;

    for (unsigned i = 0; i < BUSY_TRIES && result == AT_BUSY; i++) {
        at_poll(at); /* what came before belongs to no command */
        at->phase = wants_prompt ? AT_PHASE_PROMPT : AT_PHASE_FINAL;
        at_parser_expect_prompt(&at->parser, wants_prompt);
        send_line(at);
        result = await(at, timeout_ms);
        if (result == AT_BUSY) {
            at->stats.busy++;
            /* Normally the line was dropped. Some releases answer busy and run it
               all the same: a result within the pause is taken for its own. */
            at->outcome_known = false;
            if (at_wait_for(at, &at->outcome_known, BUSY_RETRY_MS)) {
                result = at->outcome;
            }
        }
    }
    at_parser_expect_prompt(&at->parser, false);
    at->phase = AT_PHASE_IDLE;
    return result;
}

/* Formats the command line, after getting back into step if need be. */
static at_result prepare(at_driver *at, const char *format, va_list args)
{
    int len;

    if (at->polling) {
        return AT_BAD_ARGUMENT; /* called from a handler */
    }
    if (at->out_of_step) {
        at_result result = at_sync(at, 10);

        if (result != AT_OK) {
            return result;
        }
    }
    len = vsnprintf(at->command, sizeof at->command, format, args);
    if (len < 0 || (size_t)len > AT_COMMAND_MAX) {
        return AT_BAD_ARGUMENT;
    }
    at->command_len = (size_t)len;
    return AT_OK;
}

at_result at_command(at_driver *at, uint32_t timeout_ms, at_line_fn on_line, void *ctx,
                     const char *format, ...)
{
    va_list args;
    at_result result;

    va_start(args, format);
    result = prepare(at, format, args);
    va_end(args);
    if (result == AT_OK) {
        at->on_line = on_line;
        at->on_line_ctx = ctx;
        result = transact(at, false, timeout_ms);
    }
    return result;
}

at_result at_command_for_prompt(at_driver *at, uint32_t prompt_ms, const char *format, ...)
{
    va_list args;
    at_result result;

    va_start(args, format);
    result = prepare(at, format, args);
    va_end(args);
    if (result == AT_OK) {
        at->on_line = NULL;
        result = transact(at, true, prompt_ms);
    }
    return result;
}

at_result at_command_with_payload(at_driver *at, uint32_t prompt_ms, uint32_t sent_ms,
                                  const uint8_t *bytes, size_t count,
                                  const char *format, ...)
{
    va_list args;
    at_result result;

    if (count == 0 || count > AT_SEND_MAX) {
        return AT_BAD_ARGUMENT;
    }
    va_start(args, format);
    result = prepare(at, format, args);
    va_end(args);
    if (result != AT_OK) {
        return result;
    }
    at->on_line = NULL;
    result = transact(at, true, prompt_ms);
    if (result != AT_OK) {
        return result;
    }
    at->phase = AT_PHASE_SENT;
    at->outcome_known = false;
    at->port->write(at->port->ctx, bytes, count);
    result = await(at, sent_ms);
    at->phase = AT_PHASE_IDLE;
    if (result == AT_OK) {
        at->stats.sent_bytes += (uint32_t)count;
    }
    return result;
}

at_result at_command_that_reads(at_driver *at, uint32_t timeout_ms, int link, uint8_t *out,
                                size_t cap, size_t *count, at_remote *remote,
                                const char *format, ...)
{
    va_list args;
    at_result result;

    *count = 0;
    va_start(args, format);
    result = prepare(at, format, args);
    va_end(args);
    if (result != AT_OK) {
        return result;
    }
    at->read.link = link;
    at->read.bytes = out;
    at->read.cap = cap;
    at->read.count = 0;
    at->read.total = 0;
    at->read.remote = (at_remote){0};
    at->on_line = NULL;
    result = transact(at, false, timeout_ms);
    *count = at->read.count;
    if (remote != NULL) {
        *remote = at->read.remote;
    }
    at->read.cap = at->read.count = 0; /* what comes late must not go to `out` */
    if (*count > 0) {
        at->stats.reads++;
        at->stats.read_bytes += (uint32_t)*count;
    }
    if (result == AT_OK && (*count == 0 || *count != at->read.total)) {
        return AT_BAD_REPLY;
    }
    return result;
}

/* ---- state ------------------------------------------------------------- */

bool at_link_is_up(const at_driver *at, int link)
{
    return link >= 0 && link < AT_LINKS && at->link_up[link];
}

uint32_t at_waiting(const at_driver *at, int link)
{
    return link >= 0 && link < AT_LINKS ? at->waiting[link] : 0;
}
