/*
 * A module of espat-sim as a hardware model of native_simulator, the runner under Zephyr's native_sim board: an ESP-AT module
 * at the other end of a UART with FIFOs, an interrupt and RTS/CTS. Built in the runner's context, with the host's C library.
 *
 * The runner owns time, in microseconds, and the world follows: the model asks it when something will happen, puts that into
 * its event timer (rounded up, so that it has happened by then), and lets the world come up to the time at which it is called.
 * The embedded software computes in zero time, so nothing depends on how fast this machine is.
 */
#include "espat_native.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <espat_sim.h>

#include "irq_ctrl.h"
#include "nsi_cmdline.h"
#include "nsi_hw_scheduler.h"
#include "nsi_hws_models_if.h"
#include "nsi_tasks.h"
#include "nsi_tracing.h"

/* FIFOs as a common 16550 with larger ones has them. RTS rises while there is room for what is on its way already. */
enum { RECEIVE_FIFO = 128, TRANSMIT_FIFO = 128, RTS_HIGH = 96, RTS_LOW = 32 };
#define NS_PER_US UINT64_C(1000)

static struct {
    char *scenario, *module, *capture, *input_log;
    uint64_t seed;
} options;

static espat_world *world;
static uint32_t module;
static bool attached;
static struct espat_native_line line;

static uint8_t fifo[RECEIVE_FIFO];
static size_t fifo_first, fifo_count;
static uint32_t errors;
static bool rts_high, receive_interrupt, transmit_interrupt;

/* When the world wants to be called, or an interrupt is due (again). */
static uint64_t event_timer = NSI_NEVER;

/* A status that is not OK is a mistake of this file, or of the command line: the library has the sentence. */
static void check(espat_status status)
{
    if (status != ESPAT_STATUS_OK) {
        nsi_print_error_and_exit("espat-sim: %s\n", espat_last_error());
    }
}

static void say_warnings(void)
{
    const char *warning;

    for (;;) {
        check(espat_warning_take(world, &warning));
        if (warning == NULL) {
            return;
        }
        nsi_print_warning("espat-sim: %s\n", warning);
    }
}

static uint64_t now_ns(void)
{
    return nsi_hws_get_time() * NS_PER_US;
}

/* Bytes that were stored and have not left the wire. */
static size_t queued(void)
{
    espat_module_status status;

    memset(&status, 0, sizeof status);
    status.size = sizeof status;
    check(espat_module_state(world, module, &status));
    return (size_t)status.mcu_queued;
}

static void raise_if_due(void)
{
    if ((receive_interrupt && fifo_count > 0) || (transmit_interrupt && espat_native_writable() > 0)) {
        hw_irq_ctrl_set_irq(ESPAT_NATIVE_IRQ);
    }
}

/* Our RTS, if it is wired: high while the FIFO is nearly full. */
static void set_rts(void)
{
    bool high = line.flow_control && (rts_high ? fifo_count > RTS_LOW : fifo_count >= RTS_HIGH);

    if (high != rts_high) {
        rts_high = high;
        check(espat_pin_set(world, module, now_ns(), ESPAT_PIN_MCU_RTS, high));
    }
}

static void receive(const espat_uart_byte *byte)
{
    errors |= byte->flags & ESPAT_UART_PARITY_ERROR ? ESPAT_NATIVE_PARITY : 0;
    errors |= byte->flags & ESPAT_UART_FRAMING_ERROR ? ESPAT_NATIVE_FRAMING : 0;
    errors |= byte->flags & ESPAT_UART_BREAK ? ESPAT_NATIVE_BREAK : 0;
    if (fifo_count == RECEIVE_FIFO) {
        errors |= ESPAT_NATIVE_OVERRUN;
        check(espat_mcu_overrun(world, module, now_ns(), byte->byte, ESPAT_MCU_LOSS_FULL));
        return;
    }
    fifo[(fifo_first + fifo_count++) % RECEIVE_FIFO] = byte->byte;
}

/* Says when to come back: after each call that may have changed it. */
static void plan(void)
{
    uint64_t next, at;

    check(espat_next_event(world, module, &next));
    at = next == ESPAT_NEVER ? NSI_NEVER : (next + NS_PER_US - 1) / NS_PER_US;
    if (transmit_interrupt || (receive_interrupt && fifo_count > 0)) {
        /*
         * A UART's interrupt is a level: it is there as long as its reason is, even if whoever handles it takes one byte of
         * several, or leaves the transmit FIFO empty. So it is raised again, and the FIFO looked at for room, in a byte time
         * (of 12 bits at most): at once would be a loop that no time passes in.
         */
        uint64_t again = nsi_hws_get_time() + UINT64_C(12000000) / line.baud + 1;

        at = again < at ? again : at;
    }
    event_timer = at;
    nsi_hws_find_next_event();
}

/* The event of the model: the world comes up to now, and what has come off the wire goes into the FIFO. */
static void happen(void)
{
    espat_uart_byte bytes[32];
    size_t count;

    check(espat_advance(world, module, now_ns()));
    do {
        check(espat_uart_take(world, module, bytes, 32, &count));
        for (size_t i = 0; i < count; i++) {
            receive(&bytes[i]);
        }
    } while (count == 32);
    set_rts();
    say_warnings();
    raise_if_due();
    plan();
}
NSI_HW_EVENT(event_timer, happen, 100);

/* ---- the embedded software's side ----------------------------------------------------------------------------------- */

/* To the module that the command line names. Whether our CTS is wired is known with the UART's first settings. */
static void attach(bool flow_control)
{
    espat_attach_options attach_options;
    const char *name = options.module;

    if (name == NULL) {
        check(espat_module_name(world, 0, &name));
    }
    memset(&attach_options, 0, sizeof attach_options);
    attach_options.size = sizeof attach_options;
    attach_options.obeys_rts = flow_control ? ESPAT_OBEYS_RTS_YES : ESPAT_OBEYS_RTS_NOT_GIVEN;
    check(espat_attach(world, name, &attach_options, &module));
    attached = true;
}

bool espat_native_configure(const struct espat_native_line *wanted)
{
    espat_line_settings settings;

    if (!attached) {
        attach(wanted->flow_control);
        line.flow_control = wanted->flow_control;
    } else if (wanted->flow_control != line.flow_control) {
        return false; /* wires are not soldered in mid-run */
    }
    memset(&settings, 0, sizeof settings);
    settings.size = sizeof settings;
    settings.baud = wanted->baud;
    settings.data_bits = wanted->data_bits;
    settings.parity = wanted->parity;
    settings.stop_bits = wanted->stop_bits;
    if (espat_mcu_line_set(world, module, now_ns(), &settings) != ESPAT_STATUS_OK) {
        nsi_print_warning("espat-sim: %s\n", espat_last_error());
        return false;
    }
    line = *wanted;
    set_rts();
    plan();
    return true;
}

size_t espat_native_read(uint8_t *out, size_t capacity)
{
    size_t count = 0;

    while (count < capacity && fifo_count > 0) {
        out[count++] = fifo[fifo_first];
        fifo_first = (fifo_first + 1) % RECEIVE_FIFO;
        fifo_count--;
    }
    set_rts();
    plan();
    return count;
}

size_t espat_native_fill(const uint8_t *bytes, size_t count)
{
    size_t room = espat_native_writable();

    count = count < room ? count : room;
    check(espat_uart_write_block(world, module, now_ns(), bytes, count));
    plan();
    return count;
}

void espat_native_store(uint8_t byte)
{
    check(espat_uart_write_block(world, module, now_ns(), &byte, 1));
    plan();
}

size_t espat_native_readable(void)
{
    return fifo_count;
}

size_t espat_native_writable(void)
{
    size_t waiting = queued();

    return waiting < TRANSMIT_FIFO ? TRANSMIT_FIFO - waiting : 0;
}

bool espat_native_sent(void)
{
    return queued() == 0;
}

void espat_native_interrupts(bool receive_on, bool transmit_on)
{
    receive_interrupt = receive_on;
    transmit_interrupt = transmit_on;
    raise_if_due();
    plan();
}

uint32_t espat_native_errors(void)
{
    uint32_t seen = errors;

    errors = 0;
    return seen;
}

void espat_native_enable(bool high)
{
    check(espat_pin_set(world, module, now_ns(), ESPAT_PIN_EN, high));
    plan();
}

/* ---- the runner's side ---------------------------------------------------------------------------------------------- */

static void add_options(void)
{
    static struct args_struct_t table[] = {
        {.option = "espat-scenario", .name = "file", .type = 's', .dest = &options.scenario,
         .descript = "The world of the ESP-AT module; without it, the built-in one"},
        {.option = "espat-module", .name = "name", .type = 's', .dest = &options.module,
         .descript = "Which of the scenario's modules is at the UART; without it, the first"},
        {.option = "espat-seed", .name = "number", .type = 'U', .dest = &options.seed,
         .descript = "Seed of the world, in place of the scenario's"},
        {.option = "espat-capture", .name = "file", .type = 's', .dest = &options.capture,
         .descript = "Write UART and network packets there (pcapng)"},
        {.option = "espat-input-log", .name = "file", .type = 's', .dest = &options.input_log,
         .descript = "Write what 'espat-sim replay' needs there"},
        ARG_TABLE_ENDMARKER};

    nsi_add_command_line_opts(table);
}
NSI_TASK(add_options, PRE_BOOT_1, 50);

static void begin(void)
{
    espat_world_options world_options;

    if (espat_abi_version() != ESPAT_ABI_VERSION) {
        nsi_print_error_and_exit("espat-sim: the library is not the one of this header: ABI %" PRIu32 "\n",
                                 espat_abi_version());
    }
    memset(&world_options, 0, sizeof world_options);
    world_options.size = sizeof world_options;
    world_options.scenario_path = options.scenario;
    world_options.capture_path = options.capture;
    world_options.input_log_path = options.input_log;
    world_options.seed_given = options.seed != UINT64_MAX; /* the runner's value of an option that was not given */
    world_options.seed = world_options.seed_given ? options.seed : 0;
    check(espat_world_new(&world_options, &world));
}
NSI_TASK(begin, HW_INIT, 50);

/* The files, the digest, and what has come of the scenario's `expect`. */
static void end(void)
{
    static bool ended;
    char text[ESPAT_DIGEST_TEXT_SIZE];
    espat_status finished;
    uint64_t digest;
    size_t expected, failed = 0;

    if (world == NULL || ended) {
        return; /* the second time: check() has ended the program from here */
    }
    ended = true;
    if (attached) {
        check(espat_advance(world, module, now_ns())); /* the end is the runner's, not the last thing that happened */
    }
    finished = espat_world_finish(world);
    if (finished != ESPAT_STATUS_OK) {
        nsi_print_warning("espat-sim: %s\n", espat_last_error());
    }
    say_warnings();
    check(espat_expectation_count(world, &expected));
    for (size_t i = 0; i < expected; i++) {
        espat_expectation seen;

        memset(&seen, 0, sizeof seen);
        seen.size = sizeof seen;
        check(espat_expectation_read(world, i, &seen));
        if (seen.outcome == ESPAT_OUTCOME_FAILED) {
            nsi_print_warning("espat-sim: line %" PRIu32 ": %s: %s\n", seen.line, seen.text, seen.why);
            failed++;
        }
    }
    check(espat_world_digest(world, &digest));
    check(espat_digest_text(digest, text, sizeof text));
    nsi_print_trace("espat-sim: virtual time %" PRIu64 ".%06" PRIu64 " s, digest %s\n",
                    nsi_hws_get_time() / 1000000, nsi_hws_get_time() % 1000000, text);
    espat_world_free(world);
    world = NULL;
    if (failed > 0 || finished != ESPAT_STATUS_OK) {
        exit(finished != ESPAT_STATUS_OK ? 2 : 1); /* the runner's own exit code does not know of it */
    }
}
NSI_TASK(end, ON_EXIT_POST, 999);
