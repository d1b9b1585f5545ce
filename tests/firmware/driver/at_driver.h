/*
 * AT command engine for an ESP-AT Wi-Fi module (release 2.x and later): one
 * command at a time, each with its own time-out; final results, URCs, the
 * send prompt and payload may come in any order and in pieces of any size.
 *
 * Independent of board and application: bytes, milliseconds and sleep come
 * through at_port, what the module reports on its own goes to at_handlers.
 * A call that runs a command returns when the command is over; while it
 * waits it handles input and sleeps in at_port.idle. Nothing is allocated,
 * and one at_driver serves one module. The typed commands are in
 * at_commands.h.
 */
#ifndef AT_DRIVER_H
#define AT_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "at_parser.h"

#define AT_LINKS 5
#define AT_COMMAND_MAX 254u       /* without CR LF; the module takes 256 with */
#define AT_SEND_MAX 2048u         /* payload bytes of one AT+CIPSEND */

typedef enum {
    AT_OK,                        /* OK, the prompt, or SEND OK */
    AT_ERROR,                     /* ERROR or FAIL */
    AT_SEND_FAIL,                 /* SEND FAIL */
    AT_BUSY,                      /* busy p... until the retries were used up */
    AT_TIMEOUT,                   /* no final result in time */
    AT_RESTARTED,                 /* the module restarted during the command */
    AT_BAD_REPLY,                 /* OK, but without the line that was asked for */
    AT_BAD_ARGUMENT,              /* refused here, nothing was sent */
} at_result;

typedef enum {
    AT_EVENT_READY,               /* the module has started; all state is lost */
    AT_EVENT_WIFI_CONNECTED,
    AT_EVENT_WIFI_GOT_IP,
    AT_EVENT_WIFI_DISCONNECT,
    AT_EVENT_LINK_UP,
    AT_EVENT_LINK_DOWN,
    AT_EVENT_DATA_WAITING,        /* passive receive mode: see at_waiting() */
    AT_EVENT_MQTT_CONNECTED,
    AT_EVENT_MQTT_DISCONNECTED,   /* also after an attempt that has failed */
} at_event;

/* A far end. */
typedef struct {
    char ip[AT_IP_TEXT_MAX];      /* empty when the module did not say */
    uint16_t port;
} at_remote;

/* A piece of what a link received. `link` is 0 when AT+CIPMUX=0. */
typedef struct {
    int link;
    uint32_t total;               /* length of the whole +IPD block; in passthrough `count` */
    uint32_t offset;              /* of this piece in the block */
    const uint8_t *bytes;
    size_t count;
    bool has_remote;              /* AT+CIPDINFO=1 */
    const char *remote_ip;
    uint16_t remote_port;
} at_data;

/* A piece of an MQTT message. The module passes on in several messages what its buffer
   does not hold, and does not say that it does. */
typedef struct {
    const char *topic;
    uint32_t total;               /* length of the message, may be 0 */
    uint32_t offset;              /* of this piece in it */
    const uint8_t *bytes;
    size_t count;
} at_message;

/* What the driver needs from the board. */
typedef struct {
    size_t (*read)(void *ctx, uint8_t *out, size_t cap);  /* does not wait */
    void (*write)(void *ctx, const uint8_t *bytes, size_t count);
    uint32_t (*millis)(void *ctx);                        /* may wrap */
    /* Sleeps until an interrupt; returns at once when bytes are there.
       Something must interrupt at least every few milliseconds. */
    void (*idle)(void *ctx);
    /* Whether the last byte written has left the wire. */
    bool (*sent)(void *ctx);
    /* Sets the UART's rate, once everything written has left. */
    void (*set_baud)(void *ctx, uint32_t baud);
    void *ctx;
} at_port;

/* What the application wants to hear. Handlers must not run commands. */
typedef struct {
    void (*event)(void *ctx, at_event event, int link);
    void (*data)(void *ctx, const at_data *data);
    void (*message)(void *ctx, const at_message *message);
    void *ctx;
} at_handlers;

typedef struct {
    uint32_t commands;            /* lines sent, retries included */
    uint32_t busy;                /* commands answered busy */
    uint32_t timeouts;
    uint32_t ipd_blocks;
    uint32_t ipd_bytes;
    uint32_t broken_blocks;       /* blocks that stopped half-way */
    uint32_t notices;             /* +IPD without data, in passive receive mode */
    uint32_t reads;               /* answers of AT+CIPRECVDATA with data */
    uint32_t read_bytes;
    uint32_t sent_bytes;          /* payload bytes accepted with SEND OK */
    uint32_t raw_sent;            /* in passthrough */
    uint32_t raw_received;
    uint32_t messages;            /* of MQTT, received */
    uint32_t unknown_lines;       /* neither a reply nor a known URC */
} at_stats;

/* A line of a reply, without CR LF. */
typedef void (*at_line_fn)(void *ctx, const char *line);

/* The fields are the driver's own; use the functions below. */
typedef struct {
    const at_port *port;
    const at_handlers *handlers;
    at_parser parser;
    enum { AT_PHASE_IDLE, AT_PHASE_FINAL, AT_PHASE_PROMPT, AT_PHASE_SENT } phase;
    bool outcome_known;
    at_result outcome;
    bool polling;
    bool out_of_step;             /* after a time-out: replies may be late */
    bool echo;
    bool multiple;                /* AT+CIPMUX=1 */
    uint32_t last_byte_ms;        /* when something was read last */
    bool ready;
    bool wifi_connected;
    bool got_ip;
    bool mqtt_connected;
    bool link_up[AT_LINKS];
    uint32_t waiting[AT_LINKS];   /* as far as the module has said */
    struct {                      /* where the answer of AT+CIPRECVDATA goes */
        int link;
        uint8_t *bytes;
        size_t cap;
        size_t count;
        uint32_t total;
        at_remote remote;
    } read;
    at_line_fn on_line;
    void *on_line_ctx;
    size_t command_len;
    char command[AT_COMMAND_MAX + 1u];
    uint32_t error_code;          /* of the last ERR CODE line, 0 if none */
    char last_line[64];           /* of the last reply, for messages */
    at_stats stats;
} at_driver;

void at_init(at_driver *at, const at_port *port, const at_handlers *handlers);

/* Handles what has arrived. Returns whether there was anything. */
bool at_poll(at_driver *at);

/* Handles input and sleeps for `ms`. */
void at_pause(at_driver *at, uint32_t ms);

/* Handles input and sleeps until *flag or `ms` have passed; returns *flag. */
bool at_wait_for(at_driver *at, const bool *flag, uint32_t ms);

/*
 * Sends one command line (printf format, without CR LF) and waits for OK or
 * ERROR at most `timeout_ms`. Every other line of the reply goes to `on_line`
 * (may be NULL). A command answered `busy p...` is sent again.
 */
at_result at_command(at_driver *at, uint32_t timeout_ms, at_line_fn on_line, void *ctx,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Sends a command that asks for payload, waits for the prompt, hands over
 * exactly `count` bytes and waits for SEND OK (+MQTTPUB:OK).
 */
at_result at_command_with_payload(at_driver *at, uint32_t prompt_ms, uint32_t sent_ms,
                                  const uint8_t *bytes, size_t count,
                                  const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Sends a command that asks for payload, and waits for the prompt. */
at_result at_command_for_prompt(at_driver *at, uint32_t prompt_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Sends a command that reads buffered data, AT+CIPRECVDATA, and waits for OK.
 * *count gets how many bytes are in `out`, also when the result is another.
 * `remote` may be NULL. It is not sent again on its own except after
 * `busy p...`: what was lost on the way is gone.
 */
at_result at_command_that_reads(at_driver *at, uint32_t timeout_ms, int link, uint8_t *out,
                                size_t cap, size_t *count, at_remote *remote,
                                const char *format, ...) __attribute__((format(printf, 8, 9)));

/* Gets an answer to AT, at most `tries` times; drops what is left of older replies. */
at_result at_sync(at_driver *at, unsigned tries);

bool at_link_is_up(const at_driver *at, int link);

/* Bytes that the module has for `link`, as its last notice, AT+CIPRECVLEN? or
   reading has it. There may be more: a notice is not repeated until the data is read. */
uint32_t at_waiting(const at_driver *at, int link);

/* A result in words for messages, with the last reply line where that says more. */
const char *at_describe(const at_driver *at, at_result result, char *out, size_t cap);

#endif
