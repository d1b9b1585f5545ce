/*
 * espat-sim: an ESP-AT Wi-Fi module as a deterministic simulation model, driven from C.
 *
 * This file is made by cbindgen from src/ffi; change it there. tests/c/dialogue.c is an example to begin with.
 *
 * THE CONTRACT
 *
 * The simulation never asks what time it is, never sleeps and never calls back. You own time: inputs are pushed
 * in with the virtual time at which they happen, outputs are pulled out with the virtual time at which they
 * happened. The same inputs, scenario and seed give the same bytes at the same nanosecond on every machine.
 *
 *     espat_world_new(&options, &world);
 *     espat_attach(world, "wifi", NULL, &module);
 *     espat_uart_write(world, module, t, 'A');      the MCU stores a byte into its UART at t
 *     espat_next_event(world, module, &t);          when to come back
 *     espat_advance(world, module, t);              everything up to and including t happens
 *     espat_uart_take(world, module, bytes, ...);   bytes on the wire to the MCU, each with its time
 *
 * - A byte stored at t starts on the wire at t, or where the byte before it ends, whichever is later. A byte ends
 *   at the start of its run of back-to-back bytes + ceil(bit times so far * 10^9 / baud) ns, so nothing drifts.
 * - An input at t first lets everything up to t happen, then takes effect. Calling espat_advance() more often than
 *   needed changes nothing.
 * - Outputs wait in a queue for each module and are handed out only up to the time reached. When they are read
 *   changes nothing.
 * - Each module has its own clock, timebase and origin. In a world with several, one may be ahead of the slowest
 *   attached one by at most the world's lookahead, 100 us. Beyond that, or backwards, is an error that changes
 *   nothing. A detached module holds nobody back.
 * - A driver whose clock is coarse or fires a little late passes the larger of its time and espat_reached().
 *
 * TIME is uint64_t: ticks of the driver's own timebase (espat_attach_options), which is nanoseconds unless it says
 * otherwise, or nanoseconds since the world's start where the name says ns.
 *
 * ERRORS. Every call that can fail answers an espat_status. An error changes nothing, and espat_last_error() has
 * it in words, for each thread separately. No exception, exit or abort comes out of the library. An internal error
 * stops the world it happened in, which answers ESPAT_STATUS_POISONED from then on; other worlds are not touched.
 *
 * POINTERS. A pointer that is not NULL points to as much as the function says, for the time of the call. Where NULL
 * is allowed, it is said. Texts are UTF-8 and end with NUL; paths too. Texts that come back belong to the library:
 * do not free them. A
 * text that a call hands out stays until the same thread's next call that hands out a text, with this world or another
 * one; bytes that come with it, too. Where a text lives longer, it is said. Outputs must not overlap. Wrong pointers other than NULL can't be recognised, except for
 * worlds: a handle that was freed, or never was one, is an error.
 *
 * NAMES. espat_world_...() is about a world as a whole. What is called ..._take() hands something out once; every other
 * function that stores something for the caller looks, and takes nothing.
 *
 * STRUCTURES that begin with `size` may grow. Set it to sizeof the structure, and what you do not use to zero:
 *
 *     espat_attach_options options;
 *     memset(&options, 0, sizeof options);
 *     options.size = sizeof options;
 *
 * A program built with an older header goes on working with a newer library: fields that it lacks have their
 * defaults. One built with a newer header works with an older library as long as it leaves what that does not know
 * at zero. In an array of such structures the size of the first counts for all. Enumerations may grow as well: skip
 * values that you do not know. Modules are numbers from 0, in the order of their names.
 *
 * THREADS. Any thread may call any function. Calls to one world happen one after the other, whole; calls to
 * different worlds run side by side. Two threads may drive two modules of one world: the order of their calls does
 * not change what happens: bytes, times, digests and the capture are the same. What is handed out at once, the dialogue,
 * observations with their numbers and lines of the key log, comes in the order in which the calls let it happen: each
 * module's in the order of time, those of several mixed within the lookahead. Sort by time what must be the same.
 * ESPAT_STATUS_TOO_FAR_AHEAD tells one to let the other go first. Two threads that
 * drive the same module must agree on the time between them. 64 KiB of stack are enough for every call. Files are
 * written by threads of the library; a slow disk makes inputs wait in wall time and changes nothing else. After
 * fork(), only the parent may go on calling.
 */

#ifndef ESPAT_SIM_H
#define ESPAT_SIM_H

#include <stddef.h>
#include <stdint.h>

// Version of the binary interface that this header describes. What exists keeps its name, its number and its meaning.
// Functions, values of enumerations and fields at the end of structures with a size are added under the same number, so
// a program built with this header works with every later library of it.
#define ESPAT_ABI_VERSION 2

// Bytes that espat_digest_text() needs: 16 hex digits and a NUL.
#define ESPAT_DIGEST_TEXT_SIZE 17

// Keep the capture (pcapng) for espat_capture_take().
#define ESPAT_RECORD_CAPTURE 1

// Keep the input log (text) for espat_input_log_take().
#define ESPAT_RECORD_INPUT_LOG 2

// Keep the dialogue for espat_dialogue_take().
#define ESPAT_RECORD_DIALOGUE 4

// Keep what happened for espat_observation_take() and espat_observation_read().
#define ESPAT_RECORD_OBSERVATIONS 8

// Keep what comes out of the log ports for espat_log_port_take().
#define ESPAT_RECORD_LOG_PORT 16

// Keep how the pins change that modules drive for espat_pin_take().
#define ESPAT_RECORD_PINS 32

// Keep what the terminals of hosts receive for espat_host_received().
#define ESPAT_RECORD_HOST_RECEIVED 64

// Keep the TLS key log for espat_keylog_take().
#define ESPAT_RECORD_KEYLOG 128

// Keep what espat_world_snapshot() needs: the input log from the start, about as many bytes as the MCU stores.
#define ESPAT_RECORD_SNAPSHOT 256

// The tick of espat_next_event() when nothing will happen by itself.
#define ESPAT_NEVER 18446744073709551615ull

// The byte's stop bit was low.
#define ESPAT_UART_FRAMING_ERROR 1

// The byte's parity bit was wrong.
#define ESPAT_UART_PARITY_ERROR 2

// The line was held low for longer than a byte.
#define ESPAT_UART_BREAK 4

// `link` of an observation that concerns no link.
#define ESPAT_NO_LINK 4294967295

// What a call answers. Everything but ESPAT_STATUS_OK means: nothing was changed, outputs are as they were, and
// espat_last_error() says in one sentence what was wrong. The exceptions stand with the function.
//
// Later versions may add values.
enum espat_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Done.
    ESPAT_STATUS_OK = 0,
    // A pointer is NULL that must not be.
    ESPAT_STATUS_NULL_POINTER = 1,
    // The handle is not a world, or its world was freed.
    ESPAT_STATUS_INVALID_HANDLE = 2,
    // The `size` of a structure is one that no version of this library has.
    ESPAT_STATUS_INVALID_SIZE = 3,
    // A text is not UTF-8.
    ESPAT_STATUS_INVALID_UTF8 = 4,
    // An argument or a field has a value that means nothing.
    ESPAT_STATUS_INVALID_ARGUMENT = 5,
    // The scenario, or what its modules have saved, has mistakes; the text shows each with its line.
    ESPAT_STATUS_INVALID_SCENARIO = 6,
    // The input log can't be read, or an input in it was refused.
    ESPAT_STATUS_INVALID_LOG = 7,
    // A console line was not understood, or can't be carried out.
    ESPAT_STATUS_INVALID_LINE = 8,
    // The world has no module of this name or id.
    ESPAT_STATUS_UNKNOWN_MODULE = 9,
    // The module has a driver already.
    ESPAT_STATUS_ALREADY_ATTACHED = 10,
    // The module has no driver.
    ESPAT_STATUS_NOT_ATTACHED = 11,
    // The tick lies before the one that the module has reached.
    ESPAT_STATUS_TIME_BACKWARDS = 12,
    // The module would be further ahead of the slowest one than the world allows. Move that one first.
    ESPAT_STATUS_TOO_FAR_AHEAD = 13,
    // The tick lies past the end of time, 2^64 ns.
    ESPAT_STATUS_TIME_OVERFLOW = 14,
    // The buffer is too small; the length that is needed was set.
    ESPAT_STATUS_BUFFER_TOO_SMALL = 15,
    // This world was not asked to record that for pulling.
    ESPAT_STATUS_NOT_RECORDED = 16,
    // The world was finished. What it has can be read, but it takes no more inputs.
    ESPAT_STATUS_FINISHED = 17,
    // A file could not be read or written.
    ESPAT_STATUS_IO = 18,
    // An internal error, now or earlier, has stopped this world. Please report it.
    ESPAT_STATUS_POISONED = 19,
    // An internal error in a call that concerns no world. Please report it.
    ESPAT_STATUS_INTERNAL = 20,
    // The world has no host of this name.
    ESPAT_STATUS_UNKNOWN_HOST = 21,
    // The MCU would have more bytes stored ahead of the line than it may.
    ESPAT_STATUS_QUEUE_FULL = 22,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_status espat_status;
#else
typedef uint32_t espat_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// When bytes that the MCU stores go out on the wire.
enum espat_mcu_tx
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // As the scenario says (`mcu-tx`), or one after the other at line rate if it says nothing.
    ESPAT_MCU_TX_NOT_GIVEN = 0,
    // One after the other at line rate, whatever the emulator's UART model does.
    ESPAT_MCU_TX_WIRE = 1,
    // Every byte ends one byte time after its store.
    ESPAT_MCU_TX_AS_STORED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_mcu_tx espat_mcu_tx;
#else
typedef uint32_t espat_mcu_tx;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whether the MCU's UART obeys the module's RTS: what is stored waits while that is high.
enum espat_obeys_rts
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // As the scenario says (`obeys-rts`), or not if it says nothing.
    ESPAT_OBEYS_RTS_NOT_GIVEN = 0,
    // It does.
    ESPAT_OBEYS_RTS_YES = 1,
    // It goes on sending.
    ESPAT_OBEYS_RTS_NO = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_obeys_rts espat_obeys_rts;
#else
typedef uint32_t espat_obeys_rts;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A pin of the module that the MCU drives.
enum espat_pin
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Chip enable. Low holds the module in reset. High at the start.
    ESPAT_PIN_EN = 0,
    // Boot strap, sampled when the chip starts: low keeps the AT firmware from starting. High at the start.
    ESPAT_PIN_GPIO0 = 1,
    // The MCU's RTS, the module's CTS: high asks the module to stop sending, if its flow control is on. Low at the
    // start.
    ESPAT_PIN_MCU_RTS = 2,
    // The GPIO that AT+SLEEPWKCFG names, unless that is GPIO0: at its level the module is awake. Nobody's at the start.
    ESPAT_PIN_WAKE = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_pin espat_pin;
#else
typedef uint32_t espat_pin;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A pin that the module drives.
enum espat_output_pin
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The module's RTS, the MCU's CTS: high asks the MCU to stop sending. Low at the start.
    ESPAT_OUTPUT_PIN_MODULE_RTS = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_output_pin espat_output_pin;
#else
typedef uint32_t espat_output_pin;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The parity bit of a byte.
enum espat_parity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // There is none.
    ESPAT_PARITY_NONE = 0,
    // An odd number of ones.
    ESPAT_PARITY_ODD = 1,
    // An even number of ones.
    ESPAT_PARITY_EVEN = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_parity espat_parity;
#else
typedef uint32_t espat_parity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The stop bits of a byte.
enum espat_stop_bits
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // One.
    ESPAT_STOP_BITS_ONE = 0,
    // One and a half.
    ESPAT_STOP_BITS_ONE_AND_HALF = 1,
    // Two.
    ESPAT_STOP_BITS_TWO = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_stop_bits espat_stop_bits;
#else
typedef uint32_t espat_stop_bits;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Who sent a packet of the dialogue.
enum espat_side
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The MCU.
    ESPAT_SIDE_MCU = 0,
    // The module.
    ESPAT_SIDE_MODULE = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_side espat_side;
#else
typedef uint32_t espat_side;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a packet of the dialogue is.
enum espat_packet_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // There is no packet now.
    ESPAT_PACKET_KIND_NONE = 0,
    // A line of text with its line ends: a command, a reply, a message.
    ESPAT_PACKET_KIND_LINE = 1,
    // The send prompt.
    ESPAT_PACKET_KIND_PROMPT = 2,
    // A block of payload.
    ESPAT_PACKET_KIND_DATA = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_packet_kind espat_packet_kind;
#else
typedef uint32_t espat_packet_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How a replay came out.
enum espat_replay_outcome
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The log was not closed, so it has no digests to compare.
    ESPAT_REPLAY_OUTCOME_UNKNOWN = 0,
    // The digests are those in the log.
    ESPAT_REPLAY_OUTCOME_SAME = 1,
    // The digests differ from those in the log.
    ESPAT_REPLAY_OUTCOME_DIFFERENT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_replay_outcome espat_replay_outcome;
#else
typedef uint32_t espat_replay_outcome;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What an event is, and which fields of espat_observation it has beside `number`, `ns`, `subject`, `kind`, `event` and
// `text`, which all have. The others are 0 or empty then, `link` is ESPAT_NO_LINK.
//
// Numbers never change and none is used again. Later versions add kinds: a program skips those that it does not know.
enum espat_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // There is no observation now.
    ESPAT_EVENT_KIND_NONE = 0,
    // A line of text that the MCU sent: `data`, without the line's end.
    ESPAT_EVENT_KIND_COMMAND = 1,
    // A line of text that the module sent: `data`, without the line's end.
    ESPAT_EVENT_KIND_REPLY = 2,
    // The module's station is associated with an access point: `name`.
    ESPAT_EVENT_KIND_STATION_ASSOCIATED = 10,
    // The station has joined: `name` is the access point, `address` its IPv4 address.
    ESPAT_EVENT_KIND_STATION_JOINED = 11,
    // The station uses a further address: `address`.
    ESPAT_EVENT_KIND_STATION_ADDRESS = 12,
    // The station has lost its access point, or left it.
    ESPAT_EVENT_KIND_STATION_DISCONNECTED = 13,
    // The module has opened a link: `link`, `protocol`, `peer`, as all kinds of links.
    ESPAT_EVENT_KIND_LINK_OPENED = 20,
    // A client of the module's own server has opened a link.
    ESPAT_EVENT_KIND_LINK_ACCEPTED = 21,
    // A link is closed, whoever wanted that. When the module restarts, sleeps deeply or loses its power, its links are
    // gone and none of them is said to be closed; espat_links_read() knows.
    ESPAT_EVENT_KIND_LINK_CLOSED = 22,
    // The other end of a link does not answer any more. ESPAT_EVENT_KIND_LINK_CLOSED follows.
    ESPAT_EVENT_KIND_LINK_GAVE_UP = 23,
    // A link lost `count` bytes from `peer`, because there was no room. It stays open.
    ESPAT_EVENT_KIND_LINK_LOST = 24,
    // A link has not opened, because TLS failed: `detail` says why.
    ESPAT_EVENT_KIND_LINK_FAILED = 25,
    // The module's RTS has changed: `code` is its level, `count` how many bytes are in the module's receive FIFO.
    ESPAT_EVENT_KIND_UART_RTS = 30,
    // The module's CTS has changed: `code` 1: it stops, 0: it goes on; `count` bytes are still to be sent.
    ESPAT_EVENT_KIND_UART_CTS = 31,
    // The module's receive FIFO is full and it loses what the MCU sends. Said once until a byte fits again.
    ESPAT_EVENT_KIND_UART_MODULE_OVERRUN = 32,
    // The module sleeps lightly and loses what the MCU sends. Said once for each sleep.
    ESPAT_EVENT_KIND_UART_ASLEEP = 33,
    // `+++` was taken for data, because bytes were still queued in the MCU.
    ESPAT_EVENT_KIND_UART_ESCAPE_SPOILT = 34,
    // The MCU's receiver has lost a byte: `data`. `code` is one of espat_mcu_loss.
    ESPAT_EVENT_KIND_UART_MCU_OVERRUN = 35,
    // The MCU sends while the module does not run, and nobody hears it. Said once until it runs. `code` is one of
    // espat_power.
    ESPAT_EVENT_KIND_UART_UNHEARD = 36,
    // The MCU's firmware has printed a line on its own console: `data`, without the line's end. Only where the driver passes
    // the console on, as `espat-sim qemu --console` does.
    ESPAT_EVENT_KIND_CONSOLE = 37,
    // A command was not carried out, but answered as `module NAME answer` has said: `data` is its line, `detail` the
    // answer.
    ESPAT_EVENT_KIND_FAULT_ANSWERED = 40,
    // There was no memory for `name`: `count` bytes were needed, `sent` free (`module NAME heap`).
    ESPAT_EVENT_KIND_FAULT_NO_MEMORY = 41,
    // Flash took no write: `name` says of what (`module NAME flash fail`).
    ESPAT_EVENT_KIND_FAULT_NOT_WRITTEN = 42,
    // A hostile report was put somewhere: `data` is what was printed, `detail` says where (`module NAME urcs hostile`).
    ESPAT_EVENT_KIND_FAULT_REPORTED = 43,
    // A host is on a module's softAP: `name` is the module.
    ESPAT_EVENT_KIND_GUEST_JOINED = 100,
    // A module's softAP has not let a host in: `name` is the module, `detail` says why.
    ESPAT_EVENT_KIND_GUEST_NOT_LET_IN = 101,
    // A host has left a module's softAP: `name` is the module.
    ESPAT_EVENT_KIND_GUEST_LEFT = 102,
    // A host was leased an address: `address`.
    ESPAT_EVENT_KIND_GUEST_ADDRESS = 103,
    // An HTTP server has answered a request of `peer`: `name` is what was asked for, with its query, `detail` the
    // method, `code` the status, `count` the length of the request's body, `data` its first 64 KiB, `sent` the length of
    // the answer's body.
    ESPAT_EVENT_KIND_HTTP_REQUEST = 110,
    // An HTTP server has refused a request of `peer` that it could not read, with the status `code`.
    ESPAT_EVENT_KIND_HTTP_BAD_REQUEST = 111,
    // As ESPAT_EVENT_KIND_HTTP_REQUEST, of an update server; `name` has the query behind its `?`.
    ESPAT_EVENT_KIND_UPDATE_REQUEST = 120,
    // As ESPAT_EVENT_KIND_HTTP_BAD_REQUEST, of an update server.
    ESPAT_EVENT_KIND_UPDATE_BAD_REQUEST = 121,
    // A host's terminal is connected with `peer`; `code` 0: which has dialled, 1: the host has.
    ESPAT_EVENT_KIND_TCP_TERMINAL_CONNECTED = 130,
    // A host has dialled `peer` in vain: `detail` says why. `peer` is empty when that had no address.
    ESPAT_EVENT_KIND_TCP_TERMINAL_NOT_CONNECTED = 131,
    // `peer` has dialled a host's terminal and was gone before the connection was there: `detail` says why.
    ESPAT_EVENT_KIND_TCP_TERMINAL_NOT_ACCEPTED = 132,
    // A host's terminal has received `count` bytes from `peer`: `data`, all of them.
    ESPAT_EVENT_KIND_TCP_TERMINAL_RECEIVED = 133,
    // A host's terminal had no room for `count` bytes that it was to send to `peer`.
    ESPAT_EVENT_KIND_TCP_TERMINAL_DROPPED = 134,
    // A connection of a host's terminal is over, after `count` bytes from `peer`. `code` 0: the host has closed it, 1:
    // the host has reset it, 2: `peer` has closed it, 3: `peer` has reset it, 4: for the reason in `detail`. `sent` is the
    // CRC-32 of what has come.
    ESPAT_EVENT_KIND_TCP_TERMINAL_ENDED = 135,
    // A host's terminal was told to do something and has no connection. `code` 0: to send, 1: to close, 2: to reset.
    ESPAT_EVENT_KIND_TCP_TERMINAL_NOTHING = 136,
    // `peer` has connected to an echo server.
    ESPAT_EVENT_KIND_TCP_ECHO_CONNECTED = 140,
    // A connection to an echo server is over, after `count` bytes from `peer`. `code` 2: `peer` has closed it, 4: it
    // ended otherwise.
    ESPAT_EVENT_KIND_TCP_ECHO_ENDED = 141,
    // A host's terminal has received a datagram of `count` bytes from `peer`: `data`, all of them.
    ESPAT_EVENT_KIND_UDP_TERMINAL_RECEIVED = 150,
    // A host could not send a datagram to `peer`: `detail` says why. `peer` is empty when that had no address.
    ESPAT_EVENT_KIND_UDP_TERMINAL_NOT_SENT = 151,
    // An echo server has sent a datagram of `count` bytes back to `peer`.
    ESPAT_EVENT_KIND_UDP_ECHO_ECHOED = 160,
    // An echo server could not: `detail` says why.
    ESPAT_EVENT_KIND_UDP_ECHO_LOST = 161,
    // `peer` has asked a DNS server for `name`; `detail` is the type of record, such as "A".
    ESPAT_EVENT_KIND_DNS_QUESTION = 170,
    // A time server has answered `peer`: `count` is the time, in seconds since 1970; 0 with `detail` "kiss-of-death".
    ESPAT_EVENT_KIND_SNTP_ANSWERED = 180,
    // A time server has got a datagram from `peer` and has not answered: `detail` says why.
    ESPAT_EVENT_KIND_SNTP_UNANSWERED = 181,
    // A host has a TLS session with `peer`: `code` is the number of the cipher suite, `detail` names both.
    ESPAT_EVENT_KIND_TLS_SESSION = 190,
    // A handshake of TLS with `peer` has failed: `detail` says why.
    ESPAT_EVENT_KIND_TLS_FAILED = 191,
    // A client at `peer` has connected to an MQTT broker: `detail` is its id, as in all events of brokers, `name` its
    // user, `count` its keep-alive in seconds.
    ESPAT_EVENT_KIND_MQTT_CONNECTED = 200,
    // An MQTT broker has refused a client at `peer`: `code` is the return code of MQTT 3.1.1.
    ESPAT_EVENT_KIND_MQTT_REFUSED = 201,
    // The connection of an MQTT broker's client at `peer` is over. `code` 0: by DISCONNECT, 1: in another way.
    ESPAT_EVENT_KIND_MQTT_ENDED = 202,
    // A client has subscribed: `name` is the filter, `code` the QoS.
    ESPAT_EVENT_KIND_MQTT_SUBSCRIBED = 203,
    // A client has unsubscribed: `name` is the filter.
    ESPAT_EVENT_KIND_MQTT_UNSUBSCRIBED = 204,
    // A client has published a message of `count` bytes: `name` is the topic, `code` the QoS, `data` the payload. `peer`
    // is empty when it was the client's last will.
    ESPAT_EVENT_KIND_MQTT_PUBLISHED = 205,
    // A client may not publish to the topic `name` or subscribe to the filter `name`. Of a message `count` and `data` are
    // as above.
    ESPAT_EVENT_KIND_MQTT_DENIED = 206,
    // A client at `peer` has connected to a WebSocket server: `name` is what it asked for, `detail` the protocol.
    ESPAT_EVENT_KIND_WEB_SOCKET_CONNECTED = 210,
    // A WebSocket server has refused a client at `peer` with the HTTP status `code`.
    ESPAT_EVENT_KIND_WEB_SOCKET_REFUSED = 211,
    // A WebSocket server has received `count` bytes from `peer`, all of a message, a ping or a pong: `code` is the
    // opcode (1 text, 2 binary, 9 ping, 10 pong), `data` the content.
    ESPAT_EVENT_KIND_WEB_SOCKET_RECEIVED = 212,
    // The connection of a WebSocket client at `peer` is over: `code` is the code of its close frame, or 0, `data` its
    // reason, `detail` another cause.
    ESPAT_EVENT_KIND_WEB_SOCKET_ENDED = 213,
    // `peer` has connected to a discard server.
    ESPAT_EVENT_KIND_DISCARD_CONNECTED = 220,
    // A connection to a discard server is over, after `count` bytes from `peer`, whose CRC-32 is `sent`. `code` 2: `peer` has
    // closed it, 4: it ended otherwise.
    ESPAT_EVENT_KIND_DISCARD_ENDED = 221,
    // `peer` has connected to a source.
    ESPAT_EVENT_KIND_SOURCE_CONNECTED = 222,
    // A connection to a source is over, after `sent` bytes to `peer` and `count` bytes from it. `code` 2: `peer` has closed
    // it, 4: it ended otherwise.
    ESPAT_EVENT_KIND_SOURCE_ENDED = 223,
    // `peer` has connected to a scripted peer.
    ESPAT_EVENT_KIND_SCRIPT_CONNECTED = 224,
    // The script of the connection with `peer` has come to its end.
    ESPAT_EVENT_KIND_SCRIPT_DONE = 225,
    // Step `code` of the script (from 1) has not come true: `detail` says what was expected, and what was found.
    ESPAT_EVENT_KIND_SCRIPT_FAILED = 226,
    // A connection to a scripted peer is over, after `count` bytes from `peer`.
    ESPAT_EVENT_KIND_SCRIPT_ENDED = 227,
    // A real program has accepted the connection of `peer` (`external`).
    ESPAT_EVENT_KIND_EXTERNAL_CONNECTED = 228,
    // A real program was not reached; the connection of `peer` is reset.
    ESPAT_EVENT_KIND_EXTERNAL_REFUSED = 229,
    // A toxic has refused a connection from `peer`: `code` is the host's port, as in all kinds of toxics.
    ESPAT_EVENT_KIND_TOXIC_REFUSED = 230,
    // A toxic has reset the connection with `peer`, after `count` bytes in one direction.
    ESPAT_EVENT_KIND_TOXIC_RESET = 231,
    // A toxic has closed the connection with `peer`, after `count` bytes in one direction.
    ESPAT_EVENT_KIND_TOXIC_CLOSED = 232,
    // A host has forgotten its connection with `peer`, which does not know.
    ESPAT_EVENT_KIND_TOXIC_HALF_OPEN = 233,
    // The connection of `peer` to a real program is over: `count` bytes went to it, `sent` came from it.
    ESPAT_EVENT_KIND_EXTERNAL_ENDED = 240,
    // A line of the console or of the timeline has taken effect: `detail` is the line. `subject` is the module, host or
    // access point that it changes, or "gateway". Of modules and of hosts.
    ESPAT_EVENT_KIND_CHANGED = 300,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_event_kind espat_event_kind;
#else
typedef uint32_t espat_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What has come of a line of the scenario's `expect`. Later versions may add values.
enum espat_outcome
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It has not happened, and there is still time. Not after espat_world_finish().
    ESPAT_OUTCOME_OPEN = 0,
    // It has happened in time.
    ESPAT_OUTCOME_MET = 1,
    // What must not happen has not happened so far, or in the whole run.
    ESPAT_OUTCOME_ABSENT = 2,
    // It has failed.
    ESPAT_OUTCOME_FAILED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_outcome espat_outcome;
#else
typedef uint32_t espat_outcome;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why the MCU's receiver lost a byte.
enum espat_mcu_loss
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It was full or off; the driver can't tell which.
    ESPAT_MCU_LOSS_UNKNOWN = 0,
    // It was full.
    ESPAT_MCU_LOSS_FULL = 1,
    // It was off.
    ESPAT_MCU_LOSS_OFF = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_mcu_loss espat_mcu_loss;
#else
typedef uint32_t espat_mcu_loss;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What data is carried over.
enum espat_protocol
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Nothing.
    ESPAT_PROTOCOL_NONE = 0,
    // TCP.
    ESPAT_PROTOCOL_TCP = 1,
    // UDP.
    ESPAT_PROTOCOL_UDP = 2,
    // TLS over TCP.
    ESPAT_PROTOCOL_SSL = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_protocol espat_protocol;
#else
typedef uint32_t espat_protocol;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whether the module's chip runs. Later versions may add values.
enum espat_power
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // EN is low, or there is no supply.
    ESPAT_POWER_OFF = 0,
    // It starts, or is about to start again: the firmware does not run.
    ESPAT_POWER_BOOTING = 1,
    // The AT firmware runs.
    ESPAT_POWER_ON = 2,
    // It was started with GPIO0 low and waits for a download.
    ESPAT_POWER_DOWNLOAD = 3,
    // It sleeps deeply (AT+GSLP).
    ESPAT_POWER_ASLEEP = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_power espat_power;
#else
typedef uint32_t espat_power;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whether the module's station has joined. Later versions may add values.
enum espat_wifi
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // With no access point.
    ESPAT_WIFI_NOT_JOINED = 0,
    // With an access point, without an IPv4 address yet.
    ESPAT_WIFI_ASSOCIATED = 1,
    // With an access point and an IPv4 address.
    ESPAT_WIFI_JOINED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_wifi espat_wifi;
#else
typedef uint32_t espat_wifi;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A simulated world: modules, their network, and time. Opaque; made by espat_world_new() or espat_world_replay(),
// ended by espat_world_free().
typedef struct espat_world espat_world;

// How a world is made. All zero except `size` gives the built-in scenario and nothing recorded.
//
// What is recorded never changes what happens. What is kept for pulling stays in memory until it is pulled.
typedef struct espat_world_options {
    // sizeof(espat_world_options)
    size_t size;
    // The scenario's TOML text. NULL: see `scenario_path`.
    const char *scenario;
    // The scenario's file. NULL, and `scenario` NULL too: the built-in scenario. Give one of them at most.
    const char *scenario_path;
    // The seed of everything random, if `seed_given` is 1.
    uint64_t seed;
    // 1: `seed` counts. 0: the scenario's seed does, or espat_default_seed() if it has none.
    uint32_t seed_given;
    // What to keep for pulling: ESPAT_RECORD_CAPTURE, ESPAT_RECORD_INPUT_LOG, ESPAT_RECORD_DIALOGUE,
    // ESPAT_RECORD_OBSERVATIONS, ESPAT_RECORD_LOG_PORT, ESPAT_RECORD_PINS, ESPAT_RECORD_HOST_RECEIVED,
    // ESPAT_RECORD_KEYLOG, ESPAT_RECORD_SNAPSHOT, added together.
    uint32_t record;
    // Write the capture to this file as it comes to be. NULL: don't. A record is written or kept, not both. A name that
    // ends in `.pcap` gets the classic format, any other pcapng; `-` is the standard output. Into a FIFO goes what a
    // Wireshark shows while the world goes on: it needs a reader already (ESPAT_STATUS_IO), and when the reader goes,
    // the world goes on with a warning.
    const char *capture_path;
    // Write the input log to this file as it comes to be. NULL: don't.
    const char *input_log_path;
    // Write the TLS key log (NSS's format) to this file as it comes to be. NULL: don't. A capture has these secrets
    // in it already.
    const char *keylog_path;
} espat_world_options;

// How a driver attaches. All zero except `size` is the default. What is given goes before the scenario.
typedef struct espat_attach_options {
    // sizeof(espat_attach_options)
    size_t size;
    // Ticks per second of all times that this driver passes and gets, such as the MCU's clock. 0: 1000000000, so a
    // tick is a nanosecond. Ticks are rounded down to ns on the way in, and ns up to ticks on the way out.
    uint64_t timebase_hz;
    // World time of this driver's tick 0, in ns. While that is still to come, the module follows the others as one without a
    // driver does, and holds nobody back; espat_advance() to tick 0 works when the others are 100 us before it.
    uint64_t origin_ns;
    // One of espat_mcu_tx.
    uint32_t mcu_tx;
    // One of espat_obeys_rts.
    uint32_t obeys_rts;
} espat_attach_options;

// One byte on the wire to the MCU. There are many of them: this structure has no size and never grows, what may come
// stands in `reserved`.
typedef struct espat_uart_byte {
    // End of its stop bit, in ticks of the driver, rounded up.
    uint64_t tick;
    // The same in ns of world time.
    uint64_t ns;
    // The byte.
    uint8_t byte;
    // 0: received clean. Otherwise ESPAT_UART_FRAMING_ERROR, ESPAT_UART_PARITY_ERROR, ESPAT_UART_BREAK, added.
    uint8_t flags;
    // 0
    uint8_t reserved[6];
} espat_uart_byte;

// Counters of one module since the world's start. They only grow.
typedef struct espat_statistics {
    // sizeof(espat_statistics), set by the caller
    size_t size;
    // Bytes that the MCU stored.
    uint64_t mcu_bytes;
    // Bytes that left the module's UART.
    uint64_t module_bytes;
    // Most bytes that were stored and not yet on the wire.
    uint64_t mcu_queue_max;
    // Bytes that espat_mcu_overrun() reported.
    uint64_t mcu_overruns;
    // Bytes that the module lost because its buffers were full.
    uint64_t module_overruns;
    // Frames that the module sent.
    uint64_t frames_sent;
    // Frames that reached the module.
    uint64_t frames_received;
    // Frames that were lost on the module's link, in both directions.
    uint64_t frames_lost;
    // Bytes that the module's UART received; those lost because its buffers were full are among them.
    uint64_t module_received;
    // Those of them with a framing error or a break.
    uint64_t module_framing_errors;
    // Those with a parity error.
    uint64_t module_parity_errors;
    // Bytes that the MCU's UART received.
    uint64_t mcu_received;
    // Those of them with a framing error or a break.
    uint64_t mcu_framing_errors;
    // Those with a parity error.
    uint64_t mcu_parity_errors;
    // Bytes lost on the wire, in both directions.
    uint64_t wire_lost;
    // Bytes that the module's UART received while its firmware did not run (before "ready", in deep sleep) or slept
    // lightly: nobody heard them. They are among module_received.
    uint64_t module_unheard;
} espat_statistics;

// What a UART is set to.
typedef struct espat_line_settings {
    // sizeof(espat_line_settings), set by the caller
    size_t size;
    // Bits in a second, 80 to 5000000.
    uint32_t baud;
    // 5 to 8.
    uint32_t data_bits;
    // One of espat_parity.
    uint32_t parity;
    // One of espat_stop_bits.
    uint32_t stop_bits;
} espat_line_settings;

// A pin that the module drives has changed.
typedef struct espat_pin_change {
    // sizeof(espat_pin_change), set by the caller in the first of an array
    size_t size;
    // When, in ticks of the driver, rounded up.
    uint64_t tick;
    // The same in ns of world time.
    uint64_t ns;
    // One of espat_output_pin.
    uint32_t pin;
    // Its level from then on: 0 low, 1 high.
    uint32_t level;
} espat_pin_change;

// What a module is doing at the time reached.
//
// Texts belong to the library. They are never NULL, empty when there is no such thing, and stay until this thread's next
// call that hands out a text.
typedef struct espat_module_status {
    // sizeof(espat_module_status), set by the caller
    size_t size;
    // One of espat_power.
    uint32_t power;
    // One of espat_wifi.
    uint32_t wifi;
    // In a few words, such as "joined 'home' as 192.168.1.100", "not joined", "booting", "switched off".
    const char *text;
    // The name of the access point that the station is with, as the scenario has it.
    const char *access_point;
    // The station's IPv4 address, such as "192.168.1.100".
    const char *ipv4;
    // The station's link-local IPv6 address, such as "fe80::1".
    const char *ipv6_link_local;
    // The station's global IPv6 address.
    const char *ipv6_global;
    // The IPv4 address of the module's own access point, while that is on.
    const char *softap_ipv4;
    // The station's MAC address out of the box, such as "02:00:5e:00:00:01".
    const char *mac;
    // 1: several links may be open (AT+CIPMUX=1).
    uint32_t multiple;
    // 1: what link 0 receives waits until the MCU reads it (AT+CIPRECVMODE=1). espat_links_read() has it for each link.
    uint32_t passive;
    // 1: passthrough; what the MCU sends is data until `+++`.
    uint32_t passthrough;
    // 1: it sleeps lightly when it has nothing to do (AT+SLEEP=2).
    uint32_t sleeps_lightly;
    // The port of the module's own server; 0: there is none.
    uint32_t server_port;
    // The level of the module's RTS: 1 (high) asks the MCU to stop.
    uint32_t rts;
    // What the module's UART is set to, bits per second.
    uint32_t baud;
    // 5 to 8.
    uint32_t data_bits;
    // One of espat_parity.
    uint32_t parity;
    // One of espat_stop_bits.
    uint32_t stop_bits;
    // What the MCU's UART is set to, bits per second. Both ends are the same until espat_mcu_line_set() says otherwise.
    uint32_t mcu_baud;
    // 5 to 8.
    uint32_t mcu_data_bits;
    // One of espat_parity.
    uint32_t mcu_parity;
    // One of espat_stop_bits.
    uint32_t mcu_stop_bits;
    // Bytes that the MCU has stored and that have not ended on the wire yet. A driver that models a transmit buffer
    // compares it with that one's size.
    uint64_t mcu_queued;
    // Bytes that the module's UART has received and that its firmware has not looked at yet.
    uint64_t module_waiting;
    // Bytes that the firmware has printed and that have not ended on the wire yet.
    uint64_t module_queued;
} espat_module_status;

// An open AT link of a module.
typedef struct espat_link {
    // sizeof(espat_link), set by the caller in the first of an array
    size_t size;
    // Its number, 0 to 4.
    uint32_t id;
    // One of espat_protocol.
    uint32_t protocol;
    // 1: a client of the module's own server has opened it. 0: the module has.
    uint32_t accepted;
    // 1: what it receives waits until the MCU reads it (AT+CIPRECVMODE=1).
    uint32_t passive;
    // The other end's port.
    uint32_t port;
    // The module's own port.
    uint32_t local_port;
    // Bytes that were received and not handed to the MCU yet.
    uint64_t waiting;
    // Bytes that the other end has not acknowledged yet; 0 for UDP.
    uint64_t unsent;
    // Its type as AT+CIPSTATE has it: "TCP", "TCPv6", "UDP" or "UDPv6", with NUL.
    char kind[8];
    // The other end's address without its port, such as "203.0.113.10" or "2001:db8::10", with NUL.
    char address[48];
    // The other end with its port, such as "203.0.113.10:80" or "[2001:db8::10]:80", with NUL.
    char peer[64];
} espat_link;

// Something that happened, for tests that wait for it: who, what, and the facts one by one, with the sentence beside.
//
// Texts and `data` belong to the library. They are never NULL but where it is said, and stay until this thread's next
// call that hands out a text.
typedef struct espat_observation {
    // sizeof(espat_observation), set by the caller
    size_t size;
    // Its number: that of the first in a world is 0, the next one has the next. Pass it plus one to
    // espat_observation_read() for the one after it.
    uint64_t number;
    // World time at which it happened, in ns.
    uint64_t ns;
    // A module's name, or a host's; of "change" also that of an access point, or "gateway". NULL: there is no observation
    // now.
    const char *subject;
    // What it is about, in the words of a scenario's `expect`. Of a module: "command", "reply", "station", "link",
    // "change", "fault", "console",
    // "uart". Of a host: "station", or the service: "http", "update", "tcp-terminal", "tcp-echo", "udp-terminal",
    // "udp-echo", "dns", "sntp", "tls", "mqtt", "websocket", "discard", "source", "script", "external", "toxic",
    // "change".
    // NULL: there is no observation now.
    const char *kind;
    // The sentence: one line, without its end, such as "joined home as 192.168.1.100". NULL: there is no observation
    // now.
    const char *text;
    // What it is: one of espat_event_kind, which says what the fields below are.
    uint32_t event;
    // The number of the AT link, 0 to 4; otherwise ESPAT_NO_LINK.
    uint32_t link;
    // One of espat_protocol.
    uint32_t protocol;
    // A status, a level or a choice.
    uint32_t code;
    // A number of bytes, or of seconds.
    uint64_t count;
    // Bytes of an answer.
    uint64_t sent;
    // The other end, such as "203.0.113.10:80" or "[2001:db8::10]:80".
    const char *peer;
    // An address without a port, such as "192.168.1.100".
    const char *address;
    // A name.
    const char *name;
    // What there is to say besides.
    const char *detail;
    // Bytes as they are, not text: `length` of them. NULL when there are none.
    const uint8_t *data;
    // Bytes at `data`.
    size_t length;
} espat_observation;

// A line of the scenario's `expect`, and what has come of it.
//
// Texts belong to the library. They are never NULL, and stay until this thread's next call that hands out a text.
typedef struct espat_expectation {
    // sizeof(espat_expectation), set by the caller
    size_t size;
    // World time at which it was met, in ns; otherwise 0.
    uint64_t ns;
    // Its line in the scenario, from 1.
    uint32_t line;
    // One of espat_outcome.
    uint32_t outcome;
    // The line as the scenario has it, such as "by 20s wifi station joined home".
    const char *text;
    // Why it has failed: what was expected, and what was seen instead. Empty unless it has.
    const char *why;
} espat_expectation;

// One line, one prompt or one data block on a UART.
typedef struct espat_packet {
    // sizeof(espat_packet), set by the caller
    size_t size;
    // World time at which its last byte ended, in ns.
    uint64_t ns;
    // Its bytes.
    size_t length;
    // The module's id.
    uint32_t module;
    // One of espat_side.
    uint32_t from;
    // One of espat_packet_kind. With ESPAT_PACKET_KIND_NONE the other fields are 0.
    uint32_t kind;
    // 0
    uint32_t reserved;
} espat_packet;

// What came of a replay.
typedef struct espat_replay_result {
    // sizeof(espat_replay_result), set by the caller
    size_t size;
    // The digest at the end.
    uint64_t digest;
    // The digest without times.
    uint64_t content_digest;
    // The digest that the log was closed with; 0 when it was not.
    uint64_t logged_digest;
    // The same without times.
    uint64_t logged_content_digest;
    // One of espat_replay_outcome.
    uint32_t outcome;
    // Number of the log's last line when it is cut off and was left out; otherwise 0.
    uint32_t cut_line;
} espat_replay_result;

// A frame for a device at the end of a cable.
typedef struct espat_lan_frame {
    // sizeof(espat_lan_frame), set by the caller
    size_t size;
    // When it comes out of the cable at the device, in ns of world time.
    uint64_t ns;
    // Its bytes, from the destination's address on, without the checksum. 0: no frame waits.
    size_t length;
} espat_lan_frame;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Version of the binary interface that the library has. Compare it with ESPAT_ABI_VERSION before anything else.
uint32_t espat_abi_version(void);

// Version of the library, such as "0.1.0". Lives for ever.
const char *espat_version(void);

// The seed of a world when neither the caller nor the scenario gives one.
uint64_t espat_default_seed(void);

// The built-in scenario as TOML text, to begin one's own with. Lives for ever.
const char *espat_default_scenario(void);

// What was wrong with this thread's last call that failed, usually one sentence; empty when none has. It stays
// until this thread's next call that fails. Never NULL.
const char *espat_last_error(void);

// A few words for any status, also for numbers that this version does not know. Lives for ever.
const char *espat_status_text(uint32_t status);

// Writes a digest as it is shown everywhere: 16 hex digits, then NUL. `capacity` is the size of `buffer` in
// bytes, at least ESPAT_DIGEST_TEXT_SIZE.
espat_status espat_digest_text(uint64_t digest, char *buffer, size_t capacity);

// Makes a world at time 0 and stores its handle in `*world`. `options` may be NULL for defaults.
//
// Errors: ESPAT_STATUS_INVALID_SCENARIO, ESPAT_STATUS_IO when a file can't be read or created, and those of
// wrong arguments.
//
// The work is done on a thread of the library's own for the time of the call, so that 64 KiB of stack are enough for
// the caller; they are for every other function, too.
espat_status espat_world_new(const struct espat_world_options *options,
                             struct espat_world **world);

// Writes what has been recorded so far into the files and returns when it is there, so that other programs can read
// them while the world goes on. Waits for the disk. Does nothing without files.
//
// Errors: ESPAT_STATUS_IO when something could not be written, with a sentence for each file.
espat_status espat_world_flush(struct espat_world *world);

// Ends the recordings: what is under way is written out, the files are closed, the log gets its digests. What
// waits to be pulled, statistics, digests and received bytes can still be read; inputs and the console answer
// ESPAT_STATUS_FINISHED. The second call does nothing.
//
// Errors: ESPAT_STATUS_IO when something could not be written, with a sentence for each file. The world is
// finished all the same.
espat_status espat_world_finish(struct espat_world *world);

// Finishes the world if that was not done, and frees it. The handle means nothing afterwards, whatever the
// answer is; names of modules go with it. NULL is fine and does nothing.
//
// Errors: ESPAT_STATUS_INVALID_HANDLE; ESPAT_STATUS_IO and ESPAT_STATUS_POISONED, with the world freed.
espat_status espat_world_free(struct espat_world *world);

// Stores the seed in force in `*seed`.
espat_status espat_world_seed(struct espat_world *world, uint64_t *seed);

// Stores the number of modules in `*count`, at least 1.
espat_status espat_module_count(struct espat_world *world, size_t *count);

// Stores in `*name` the name of the module at `index`, from 0, in the order of their ids. The name lives as
// long as the world.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_name(struct espat_world *world, size_t index, const char **name);

// Carries out a line of the console, such as "ap home down". A change takes effect at the earliest instant that
// no module has passed, or at its own time: "at 1.5s ap home down". If `answer` is not NULL, what the line answers
// is stored there; it stays until this thread's next call that hands out a text.
//
// Errors: ESPAT_STATUS_INVALID_LINE with a sentence that says what was expected; ESPAT_STATUS_FINISHED.
espat_status espat_world_console(struct espat_world *world,
                                 const char *line,
                                 const char **answer);

// Attaches a driver to the module called `name` and stores the module's id in `*module`. `options` may be NULL for
// defaults.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE with the names that exist; ESPAT_STATUS_ALREADY_ATTACHED;
// ESPAT_STATUS_FINISHED.
espat_status espat_attach(struct espat_world *world,
                          const char *name,
                          const struct espat_attach_options *options,
                          uint32_t *module);

// Takes the driver away. The module's clock no longer holds the others back. The module can be attached again.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED, ESPAT_STATUS_FINISHED.
espat_status espat_detach(struct espat_world *world,
                          uint32_t module);

// The MCU stores `byte` into its UART at `tick`. What is stored faster than the line takes it waits in a queue of
// 1048576 bytes, or as many as the scenario says (`mcu-queue`); a warning comes at a quarter of it.
//
// Errors: those of espat_advance(); ESPAT_STATUS_QUEUE_FULL, with the time at `tick`.
espat_status espat_uart_write(struct espat_world *world,
                              uint32_t module,
                              uint64_t tick,
                              uint8_t byte);

// The MCU stores `length` bytes at the same `tick`, one after the other. `length` 0 does what espat_advance()
// does; `bytes` may be NULL then.
//
// Errors: those of espat_uart_write(); none of the bytes was stored.
espat_status espat_uart_write_block(struct espat_world *world,
                                    uint32_t module,
                                    uint64_t tick,
                                    const uint8_t *bytes,
                                    size_t length);

// The level of `pin` (one of espat_pin) becomes `level` (0 low, 1 high) at `tick`.
//
// Errors: those of espat_advance().
espat_status espat_pin_set(struct espat_world *world,
                           uint32_t module,
                           uint64_t tick,
                           uint32_t pin,
                           uint32_t level);

// The driver lost `byte` at `tick`, because the MCU's receiver was full or off: `loss` is one of espat_mcu_loss. Counted,
// and one warning for a run of such bytes. A run ends when two byte times, or 1 ms if that is longer, pass without one.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT; those of espat_advance().
espat_status espat_mcu_overrun(struct espat_world *world,
                               uint32_t module,
                               uint64_t tick,
                               uint8_t byte,
                               uint32_t loss);

// Stores in `*tick` the tick at which this module has something for its driver, or wants espat_advance() to be
// called. While a byte waits to be taken that is the tick reached, however often it is asked for: take bytes before you
// ask. ESPAT_NEVER: nothing will happen unless the driver does something. What the log port prints is nothing to come
// back for.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED.
espat_status espat_next_event(struct espat_world *world,
                              uint32_t module,
                              uint64_t *tick);

// Lets everything up to and including `tick` happen, as far as this module is concerned.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED, ESPAT_STATUS_TIME_BACKWARDS,
// ESPAT_STATUS_TOO_FAR_AHEAD, ESPAT_STATUS_TIME_OVERFLOW, ESPAT_STATUS_FINISHED.
espat_status espat_advance(struct espat_world *world, uint32_t module, uint64_t tick);

// Lets everything up to and including `ns` of world time happen, for all modules; those without a driver come along. It
// gives the same as espat_advance() for each of them in turn, in steps of 100 us, which is as far as one may be ahead
// of another, and it costs less. For whoever drives all modules.
//
// Errors: ESPAT_STATUS_TIME_BACKWARDS when a module has come further, ESPAT_STATUS_FINISHED. They change nothing.
espat_status espat_advance_all(struct espat_world *world,
                               uint64_t ns);

// Stores in `*tick` how far this module has come, rounded up.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED.
espat_status espat_reached(struct espat_world *world, uint32_t module, uint64_t *tick);

// Stores in `*ns` how far this module has come, in ns of world time.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_reached_ns(struct espat_world *world, uint32_t module, uint64_t *ns);

// Takes up to `capacity` bytes off the wire to the MCU, those that have ended by the time reached, and stores
// their number in `*count`. If that equals `capacity`, more may wait.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_uart_take(struct espat_world *world,
                             uint32_t module,
                             struct espat_uart_byte *bytes,
                             size_t capacity,
                             size_t *count);

// Takes up to `capacity` bytes that came out of the module's log port (its second UART, UART0) by the time reached,
// as espat_uart_take() does. Firmware prints there why a command failed. Nothing of it asks the driver to come back,
// nor goes into the digest.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE; ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_LOG_PORT.
espat_status espat_log_port_take(struct espat_world *world,
                                 uint32_t module,
                                 struct espat_uart_byte *bytes,
                                 size_t capacity,
                                 size_t *count);

// Fills in the counters of a module.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_statistics_read(struct espat_world *world,
                                   uint32_t module,
                                   struct espat_statistics *statistics);

// The MCU sets its UART at `tick`. From then on it no longer follows the module's; where the two differ, bytes are
// garbled both ways as on a real wire. The byte on the wire ends as it began.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT; those of espat_advance().
espat_status espat_mcu_line_set(struct espat_world *world,
                                uint32_t module,
                                uint64_t tick,
                                const struct espat_line_settings *line);

// Fills in what the MCU's UART is set to at the time reached: what espat_mcu_line_set() or the scenario (`mcu-line`)
// has set, otherwise what the module's is.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_mcu_line_read(struct espat_world *world,
                                 uint32_t module,
                                 struct espat_line_settings *line);

// Fills in what the module's UART is set to at the time reached.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_line_read(struct espat_world *world,
                                    uint32_t module,
                                    struct espat_line_settings *line);

// Stores in `*level` the level of the module's RTS at the time reached: 1 (high) asks the MCU to stop. It changes only
// at times that espat_next_event() names. espat_pin_take() has the times of the changes; each is an observation, too.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_rts(struct espat_world *world,
                              uint32_t module,
                              uint32_t *level);

// Takes up to `capacity` changes of the pins that the module drives, those up to the time reached in their order, and
// stores their number in `*count`. If that equals `capacity`, more may wait. Set `size` of the first to
// sizeof(espat_pin_change): it counts for all.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE; ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_PINS.
espat_status espat_pin_take(struct espat_world *world,
                            uint32_t module,
                            struct espat_pin_change *changes,
                            size_t capacity,
                            size_t *count);

// Fills in what a module is doing at the time reached.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_state(struct espat_world *world,
                                uint32_t module,
                                struct espat_module_status *state);

// Stores in `*count` how many links of a module are open at the time reached, and fills in the first `capacity` of them
// in the order of their numbers. `size` of `links[0]` says how large each is; a module has 5 links at most. With
// `capacity` 0, `links` may be NULL. Links of clients of the module's own server are among them; after a restart, in deep
// sleep and without power there is none.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_links_read(struct espat_world *world,
                              uint32_t module,
                              struct espat_link *links,
                              size_t capacity,
                              size_t *count);

// Checks that there is a `subject`, a module's or a host's name, of which `kind` can be observed: for whoever waits for
// an observation, because one that can't come is a slip. Both may be empty, which stands for any.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT with what there is.
espat_status espat_observation_check(struct espat_world *world,
                                     const char *subject,
                                     const char *kind);

// Takes the oldest observation that was not taken yet and fills in `*observation`; `event` is
// ESPAT_EVENT_KIND_NONE when none waits. Observations wait until they are taken.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_OBSERVATIONS.
espat_status espat_observation_take(struct espat_world *world, struct espat_observation *observation);

// Looks at the first observation whose `number` is `from` or more and fills in `*observation`; `event` is
// ESPAT_EVENT_KIND_NONE when there is none yet. Nothing is taken, so several readers may each have a cursor of their own;
// what espat_observation_take() has taken is passed over.
//
// To wait for something after this point: ask espat_observation_count() for `from`, and go on from the `number` of what
// was found plus one.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_OBSERVATIONS.
espat_status espat_observation_read(struct espat_world *world,
                                    uint64_t from,
                                    struct espat_observation *observation);

// Stores in `*count` how many observations were made so far: the `number` of the next one.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_OBSERVATIONS.
espat_status espat_observation_count(struct espat_world *world, uint64_t *count);

// Stores in `*count` how many lines the scenario's `expect` has.
espat_status espat_expectation_count(struct espat_world *world, size_t *count);

// Fills in the line at `index`, from 0, of the scenario's `expect`, with what has come of it by the time that all modules
// have reached.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such line.
espat_status espat_expectation_read(struct espat_world *world,
                                    size_t index,
                                    struct espat_expectation *expectation);

// Stores in `*length` how many bytes the terminal of the host called `host` has received since the world's start, and
// copies those from `offset` on to `buffer`, as many as there are and as `capacity` has room for. With `capacity` 0 (and
// `buffer` NULL) only `*length` is set. Nothing is taken. `protocol` is one of espat_protocol: TCP for its tcp-terminal,
// with the bytes of all its connections in the order of their arrival; UDP for its udp-terminal, datagram after
// datagram.
//
// Errors: ESPAT_STATUS_UNKNOWN_HOST; ESPAT_STATUS_INVALID_ARGUMENT for another protocol; ESPAT_STATUS_NOT_RECORDED
// without ESPAT_RECORD_HOST_RECEIVED.
espat_status espat_host_received(struct espat_world *world,
                                 const char *host,
                                 uint32_t protocol,
                                 uint64_t offset,
                                 uint8_t *buffer,
                                 size_t capacity,
                                 uint64_t *length);

// Takes up to `capacity` bytes of the capture (pcapng) and stores their number in `*length`; 0 means that nothing
// waits now. With `capacity` 0 (and `buffer` NULL) nothing is taken and `*length` is what waits. All pieces, one
// after the other, until after espat_world_finish(), are the file.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_CAPTURE.
espat_status espat_capture_take(struct espat_world *world,
                                uint8_t *buffer,
                                size_t capacity,
                                size_t *length);

// Takes up to `capacity` bytes of the input log (text, without NUL), as espat_capture_take() does.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_INPUT_LOG.
espat_status espat_input_log_take(struct espat_world *world,
                                  uint8_t *buffer,
                                  size_t capacity,
                                  size_t *length);

// Takes up to `capacity` bytes of the TLS key log (NSS's format, text without NUL), as espat_capture_take() does. The line
// of a session is there before the first byte that it opens.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_KEYLOG.
espat_status espat_keylog_take(struct espat_world *world,
                               uint8_t *buffer,
                               size_t capacity,
                               size_t *length);

// Takes the next packet of the dialogue: fills in `*packet` and copies its bytes (without NUL) to `buffer`. When
// none waits, `kind` is ESPAT_PACKET_KIND_NONE.
//
// Errors: ESPAT_STATUS_BUFFER_TOO_SMALL, with `*packet` filled in and the packet not taken;
// ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_DIALOGUE.
espat_status espat_dialogue_take(struct espat_world *world,
                                 struct espat_packet *packet,
                                 uint8_t *buffer,
                                 size_t capacity);

// Takes the next warning, a sentence with its virtual time, and stores it in `*warning`; NULL when none waits. It
// stays until this thread's next call that hands out a text.
espat_status espat_warning_take(struct espat_world *world,
                                const char **warning);

// Stores in `*digest` the digest of everything that has happened on UARTs, pins and in frames up to the time
// reached, with the times. espat_digest_text() shows it.
espat_status espat_world_digest(struct espat_world *world, uint64_t *digest);

// Stores in `*digest` the digest without times, which serves to compare runs under different emulators.
espat_status espat_world_content_digest(struct espat_world *world, uint64_t *digest);

// Stores in `*digest` the digest of one module.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_digest(struct espat_world *world, uint32_t module, uint64_t *digest);

// Runs an input log again (`length` bytes of text, without NUL): the same bytes, capture and digests, without MCU
// or emulator. Fills in `*result`. `options` says what to record and may be NULL; scenario and seed are the log's.
// If `world` is not NULL, the world at the log's end is stored there, finished, for reading; free it.
//
// Errors: ESPAT_STATUS_INVALID_LOG when the log can't be read, was changed since it was written (the sentence says how to do that
// on purpose), or an input in it is refused; ESPAT_STATUS_IO. A
// different outcome is not an error.
espat_status espat_world_replay(const uint8_t *log,
                                size_t length,
                                const struct espat_world_options *options,
                                struct espat_replay_result *result,
                                struct espat_world **world);

// Copies the world's snapshot, from `offset` on as much as there is room for, and stores in `*length` how long it is as a
// whole. With `capacity` 0 it says only that. It is a text without NUL, the input log so far; while the world does not move
// it stays the same.
//
// What can be taken by now counts as taken: take the bytes for the MCU before, and keep those that it has not got yet.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_SNAPSHOT.
espat_status espat_world_snapshot(struct espat_world *world,
                                  uint64_t offset,
                                  uint8_t *buffer,
                                  size_t capacity,
                                  uint64_t *length);

// Makes the world of a snapshot (`length` bytes of text, without NUL), or of the input log of a world that was finished, as
// it was at that moment, and stores its handle in `*world`. It goes on from there: modules that had a driver have it still,
// with the same id, timebase and tick (espat_reached()), and from the same inputs come the same bytes and digests as if it
// had never stopped. `options` says what to record and may be NULL; scenario and seed are the snapshot's.
//
// What could be taken before is gone. Capture, key log and input log are those of the whole run, from time 0 on: give them
// files of their own. What a module has saved goes into the file that the scenario names when it next saves something.
//
// Errors: ESPAT_STATUS_INVALID_LOG when the snapshot can't be read, was cut off or damaged, or is of a version of espat-sim
// that does other things; then no file was touched. ESPAT_STATUS_IO, and those of wrong arguments.
espat_status espat_world_restore(const uint8_t *snapshot,
                                 size_t length,
                                 const struct espat_world_options *options,
                                 struct espat_world **world);

// Plugs a cable into the LAN of `access_point`, at the earliest instant that no module has passed, and stores its number in
// `*port`. What is at its other end is the caller's: a board with Ethernet, a computer in an emulator. It is a host like
// those of the scenario, to the modules, the hosts on that LAN and the gateway, which gives it an address if it asks.
//
// A frame takes 100 us through the cable, either way. A device has no clock in the world, and holds nobody back: it may be
// up to 100 us ahead of the slowest module or behind it. Its frames are in the capture, on an interface of their own (`lan0`), in the
// digest and in the input log.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such access point; ESPAT_STATUS_FINISHED.
espat_status espat_lan_attach(struct espat_world *world,
                              const char *access_point,
                              uint32_t *port);

// Pulls the cable out. Its number is not given out again.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such cable, or not any more; ESPAT_STATUS_FINISHED.
espat_status espat_lan_detach(struct espat_world *world, uint32_t port);

// The device sends an Ethernet frame at `ns` of world time: 14 to 1518 bytes, from the destination's address on, without the
// checksum; short ones need no padding. It reaches the access point 100 us later.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such cable or it is no frame; ESPAT_STATUS_TIME_BACKWARDS when the
// slowest module is more than 100 us past `ns`; ESPAT_STATUS_TIME_OVERFLOW; ESPAT_STATUS_FINISHED.
espat_status espat_lan_send(struct espat_world *world,
                            uint32_t port,
                            uint64_t ns,
                            const uint8_t *bytes,
                            size_t length);

// Takes the next frame for the device: `*frame` says when it is there and how long it is, its bytes are copied into `buffer`.
// It is known up to 100 us before it is there. When none waits, `length` is 0. Look after each call that lets time pass.
//
// Errors: ESPAT_STATUS_BUFFER_TOO_SMALL, with `*frame` filled in and the frame not taken (1518 bytes are enough for any);
// ESPAT_STATUS_INVALID_ARGUMENT when there is no such cable, or not any more.
espat_status espat_lan_take(struct espat_world *world,
                            uint32_t port,
                            struct espat_lan_frame *frame,
                            uint8_t *buffer,
                            size_t capacity);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ESPAT_SIM_H */
