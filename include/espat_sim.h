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
 *     espat_uart_read(world, module, bytes, ...);   bytes on the wire to the MCU, each with its time
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
 * do not free them. Outputs must not overlap. Wrong pointers other than NULL can't be recognised, except for
 * worlds: a handle that was freed, or never was one, is an error.
 *
 * STRUCTURES that begin with `size` may grow. Set it to sizeof the structure, and what you do not use to zero:
 *
 *     espat_attach_options options;
 *     memset(&options, 0, sizeof options);
 *     options.size = sizeof options;
 *
 * A program built with an older header goes on working with a newer library: fields that it lacks have their
 * defaults. One built with a newer header works with an older library as long as it leaves what that does not know
 * at zero. Modules are numbers from 0, in the order of their names.
 *
 * THREADS. Any thread may call any function. Calls to one world happen one after the other, whole; calls to
 * different worlds run side by side. Two threads may drive two modules of one world: the order of their calls does
 * not change what happens, and ESPAT_STATUS_TOO_FAR_AHEAD tells one to let the other go first. Two threads that
 * drive the same module must agree on the time between them. Files are written by threads of the library; a slow
 * disk makes inputs wait in wall time and changes nothing else. After fork(), only the parent may go on calling.
 */

#ifndef ESPAT_SIM_H
#define ESPAT_SIM_H

#include <stddef.h>
#include <stdint.h>

// Version of the binary interface that this header describes. Functions, structure fields and values are added
// under the same number; what exists keeps its meaning.
#define ESPAT_ABI_VERSION 1

// Bytes that espat_digest_text() needs: 16 hex digits and a NUL.
#define ESPAT_DIGEST_TEXT_SIZE 17

// Keep the capture (pcapng) for espat_capture_read().
#define ESPAT_RECORD_CAPTURE 1

// Keep the input log (text) for espat_log_read().
#define ESPAT_RECORD_LOG 2

// Keep the dialogue for espat_dialogue_read().
#define ESPAT_RECORD_DIALOGUE 4

// Keep what happened, in words, for espat_observation_read().
#define ESPAT_RECORD_OBSERVATIONS 8

// Keep what comes out of the log ports for espat_log_port_read().
#define ESPAT_RECORD_LOG_PORT 16

// Keep how the pins change that modules drive for espat_pin_read().
#define ESPAT_RECORD_PINS 32

// The tick of espat_next_event() when nothing will happen by itself.
#define ESPAT_NEVER 18446744073709551615ull

// The byte's stop bit was low.
#define ESPAT_UART_FRAMING_ERROR 1

// The byte's parity bit was wrong.
#define ESPAT_UART_PARITY_ERROR 2

// The line was held low for longer than a byte.
#define ESPAT_UART_BREAK 4

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
    // One after the other at line rate, whatever the emulator's UART model does.
    ESPAT_MCU_TX_WIRE = 0,
    // Every byte ends one byte time after its store.
    ESPAT_MCU_TX_AS_STORED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum espat_mcu_tx espat_mcu_tx;
#else
typedef uint32_t espat_mcu_tx;
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

// A simulated world: modules, their network, and time. Opaque; made by espat_world_new() or espat_replay(),
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
    // What to keep for pulling: ESPAT_RECORD_CAPTURE, ESPAT_RECORD_LOG, ESPAT_RECORD_DIALOGUE,
    // ESPAT_RECORD_OBSERVATIONS, ESPAT_RECORD_LOG_PORT, ESPAT_RECORD_PINS, added together.
    uint32_t record;
    // Write the capture to this file as it comes to be. NULL: don't. A record is written or kept, not both.
    const char *capture_path;
    // Write the input log to this file as it comes to be. NULL: don't.
    const char *log_path;
} espat_world_options;

// How a driver attaches. All zero except `size` is the default.
typedef struct espat_attach_options {
    // sizeof(espat_attach_options)
    size_t size;
    // Ticks per second of all times that this driver passes and gets, such as the MCU's clock. 0: 1000000000, so a
    // tick is a nanosecond. Ticks are rounded down to ns on the way in, and ns up to ticks on the way out.
    uint64_t timebase_hz;
    // World time of this driver's tick 0, in ns.
    uint64_t origin_ns;
    // One of espat_mcu_tx. A scenario that says `mcu-tx` for this module goes before it.
    uint32_t mcu_tx;
    // 1: the MCU's UART obeys the module's RTS, and what is stored waits while that is high. 0: it goes on sending. A
    // scenario that says `obeys-rts` for this module's wire goes before it.
    uint32_t obeys_rts;
} espat_attach_options;

// One byte on the wire to the MCU.
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
} espat_statistics;

// A pin that the module drives has changed.
typedef struct espat_pin_change {
    // When, in ticks of the driver, rounded up.
    uint64_t tick;
    // The same in ns of world time.
    uint64_t ns;
    // One of espat_output_pin.
    uint32_t pin;
    // Its level from then on: 0 low, 1 high.
    uint32_t level;
} espat_pin_change;

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

// Something that happened, in words: for tests that wait for it.
typedef struct espat_observation {
    // sizeof(espat_observation), set by the caller
    size_t size;
    // World time at which it happened, in ns.
    uint64_t ns;
    // A module's name, or a host's. NULL: there is no observation now.
    const char *subject;
    // Of a module: "command" (a line that the MCU sent), "reply" (a line that the module sent), "station", "link".
    // Of a host: the service, such as "http".
    const char *kind;
    // One line, without its end, such as "joined home as 192.168.1.100".
    const char *text;
} espat_observation;

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
espat_status espat_world_new(const struct espat_world_options *options, struct espat_world **world);

// Writes what has been recorded so far into the files and returns when it is there, so that other programs can read
// them while the world goes on. Waits for the disk. Does nothing without files.
//
// Errors: ESPAT_STATUS_IO when something could not be written, with a sentence for each file.
espat_status espat_flush(struct espat_world *world);

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
// is stored there; it stays until this thread's next call that gives a text (this one, espat_warning_read(),
// espat_observation_read()).
//
// Errors: ESPAT_STATUS_INVALID_LINE with a sentence that says what was expected; ESPAT_STATUS_FINISHED.
espat_status espat_console(struct espat_world *world,
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

// The MCU stores `byte` into its UART at `tick`.
//
// Errors: those of espat_advance().
espat_status espat_uart_write(struct espat_world *world, uint32_t module, uint64_t tick, uint8_t byte);

// The MCU stores `length` bytes at the same `tick`, one after the other. `length` 0 does what espat_advance()
// does; `bytes` may be NULL then.
//
// Errors: those of espat_advance(); none of the bytes was stored.
espat_status espat_uart_write_block(struct espat_world *world,
                                    uint32_t module,
                                    uint64_t tick,
                                    const uint8_t *bytes,
                                    size_t length);

// The level of `pin` (one of espat_pin) becomes `level` (0 low, 1 high) at `tick`.
//
// Errors: those of espat_advance().
espat_status espat_set_pin(struct espat_world *world,
                           uint32_t module,
                           uint64_t tick,
                           uint32_t pin,
                           uint32_t level);

// The driver lost `byte` because the MCU's receiver was full at `tick`. Counted, and a warning.
//
// Errors: those of espat_advance().
espat_status espat_mcu_overrun(struct espat_world *world, uint32_t module, uint64_t tick, uint8_t byte);

// Stores in `*tick` the tick at which this module has something for its driver, or wants espat_advance() to be
// called. ESPAT_NEVER: nothing will happen unless the driver does something.
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
espat_status espat_uart_read(struct espat_world *world,
                             uint32_t module,
                             struct espat_uart_byte *bytes,
                             size_t capacity,
                             size_t *count);

// Takes up to `capacity` bytes that came out of the module's log port (its second UART, UART0) by the time reached,
// as espat_uart_read() does. Firmware prints there why a command failed. Nothing of it asks the driver to come back,
// nor goes into the digest.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE; ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_LOG_PORT.
espat_status espat_log_port_read(struct espat_world *world,
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

// The MCU sets its UART at `tick`: 80 to 5000000 baud, 5 to 8 data bits, one of espat_parity, one of espat_stop_bits.
// From then on it no longer follows the module's; where the two differ, bytes are garbled both ways as on a real
// wire. The byte on the wire ends as it began.
//
// Errors: ESPAT_STATUS_INVALID_ARGUMENT; those of espat_advance().
espat_status espat_set_mcu_line(struct espat_world *world,
                                uint32_t module,
                                uint64_t tick,
                                uint32_t baud,
                                uint32_t data_bits,
                                uint32_t parity,
                                uint32_t stop_bits);

// Stores what the module's UART is set to at the time reached, in the values of espat_set_mcu_line().
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_line(struct espat_world *world,
                               uint32_t module,
                               uint32_t *baud,
                               uint32_t *data_bits,
                               uint32_t *parity,
                               uint32_t *stop_bits);

// Stores in `*level` the level of the module's RTS at the time reached: 1 (high) asks the MCU to stop. It changes only
// at times that espat_next_event() names. espat_pin_read() has the times of the changes; each is an observation, too.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_rts(struct espat_world *world,
                              uint32_t module,
                              uint32_t *level);

// Takes up to `capacity` changes of the pins that the module drives, those up to the time reached in their order, and
// stores their number in `*count`. If that equals `capacity`, more may wait.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE; ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_PINS.
espat_status espat_pin_read(struct espat_world *world,
                            uint32_t module,
                            struct espat_pin_change *changes,
                            size_t capacity,
                            size_t *count);

// Takes up to `capacity` bytes of the capture (pcapng) and stores their number in `*length`; 0 means that nothing
// waits now. With `capacity` 0 (and `buffer` NULL) nothing is taken and `*length` is what waits. All pieces, one
// after the other, until after espat_world_finish(), are the file.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_CAPTURE.
espat_status espat_capture_read(struct espat_world *world,
                                uint8_t *buffer,
                                size_t capacity,
                                size_t *length);

// Takes up to `capacity` bytes of the input log (text, without NUL), as espat_capture_read() does.
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_LOG.
espat_status espat_log_read(struct espat_world *world, uint8_t *buffer, size_t capacity, size_t *length);

// Takes the next packet of the dialogue: fills in `*packet` and copies its bytes (without NUL) to `buffer`. When
// none waits, `kind` is ESPAT_PACKET_KIND_NONE.
//
// Errors: ESPAT_STATUS_BUFFER_TOO_SMALL, with `*packet` filled in and the packet not taken;
// ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_DIALOGUE.
espat_status espat_dialogue_read(struct espat_world *world,
                                 struct espat_packet *packet,
                                 uint8_t *buffer,
                                 size_t capacity);

// Takes the next observation and fills in `*observation`; `subject`, `kind` and `text` are NULL when none waits. They
// stay until this thread's next call that gives a text (this one, espat_console(), espat_warning_read()).
//
// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_OBSERVATIONS.
espat_status espat_observation_read(struct espat_world *world,
                                    struct espat_observation *observation);

// Takes the next warning, a sentence with its virtual time, and stores it in `*warning`; NULL when none waits. It
// stays until this thread's next call that gives a text (this one, espat_console(), espat_observation_read()).
espat_status espat_warning_read(struct espat_world *world,
                                const char **warning);

// Stores in `*digest` the digest of everything that has happened on UARTs, pins and in frames up to the time
// reached, with the times. espat_digest_text() shows it.
espat_status espat_digest(struct espat_world *world, uint64_t *digest);

// Stores in `*digest` the digest without times, which serves to compare runs under different emulators.
espat_status espat_content_digest(struct espat_world *world, uint64_t *digest);

// Stores in `*digest` the digest of one module.
//
// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
espat_status espat_module_digest(struct espat_world *world, uint32_t module, uint64_t *digest);

// Runs an input log again (`length` bytes of text, without NUL): the same bytes, capture and digests, without MCU
// or emulator. Fills in `*result`. `options` says what to record and may be NULL; scenario and seed are the log's.
// If `world` is not NULL, the world at the log's end is stored there, finished, for reading; free it.
//
// Errors: ESPAT_STATUS_INVALID_LOG when the log can't be read or an input in it is refused; ESPAT_STATUS_IO. A
// different outcome is not an error.
espat_status espat_replay(const uint8_t *log,
                          size_t length,
                          const struct espat_world_options *options,
                          struct espat_replay_result *result,
                          struct espat_world **world);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ESPAT_SIM_H */
