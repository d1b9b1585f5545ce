#include "simulation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a look at the clock costs. */
#define LOOK_NS 1000u
/* What has come and was not taken: more than the wire carries in a millisecond at 5 Mbit/s. */
enum { RECEIVED_MAX = 1024 };

static espat_world *world;
static uint32_t module;
static uint64_t now;
static uint8_t received[RECEIVED_MAX];
static size_t received_count;

/* A status that is not OK is a mistake of this file, or of the command line: the library has the sentence. */
static void check(espat_status status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "at %" PRIu64 " ns: %s\n", now, espat_last_error());
        exit(2);
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
        fprintf(stderr, "warning: %s\n", warning);
    }
}

void simulation_begin(const simulation_options *options)
{
    espat_world_options world_options;
    espat_attach_options attach_options;
    const char *name;

    if (espat_abi_version() != ESPAT_ABI_VERSION) {
        fprintf(stderr, "the library is not the one of this header: ABI %" PRIu32 "\n", espat_abi_version());
        exit(2);
    }
    memset(&world_options, 0, sizeof world_options);
    world_options.size = sizeof world_options;
    world_options.scenario_path = options->scenario;
    world_options.capture_path = options->capture;
    world_options.input_log_path = options->input_log;
    world_options.seed = options->seed;
    world_options.seed_given = options->seed_given;
    check(espat_world_new(&world_options, &world));
    check(espat_module_name(world, 0, &name));
    memset(&attach_options, 0, sizeof attach_options);
    attach_options.size = sizeof attach_options;
    attach_options.obeys_rts = ESPAT_OBEYS_RTS_YES; /* the module's RTS is wired to our CTS */
    check(espat_attach(world, name, &attach_options, &module));
}

/* Lets the world go on to `to`, and takes the bytes that have come by then. */
static void advance(uint64_t to)
{
    espat_uart_byte bytes[64];
    size_t count;

    now = to;
    check(espat_advance(world, module, now));
    while (received_count < RECEIVED_MAX) {
        size_t room = RECEIVED_MAX - received_count;

        check(espat_uart_take(world, module, bytes, room < 64 ? room : 64, &count));
        for (size_t i = 0; i < count; i++) {
            received[received_count++] = bytes[i].byte;
        }
        if (count == 0) {
            break;
        }
    }
    say_warnings();
}

uint64_t simulation_look(void)
{
    advance(now + LOOK_NS);
    return now;
}

void simulation_sleep(uint64_t until)
{
    while (received_count == 0 && now < until) {
        uint64_t next;

        check(espat_next_event(world, module, &next));
        advance(next < until ? next : until);
    }
}

void simulation_store(const uint8_t *bytes, size_t count)
{
    check(espat_uart_write_block(world, module, now, bytes, count));
}

size_t simulation_take(uint8_t *out, size_t capacity)
{
    size_t count = received_count < capacity ? received_count : capacity;

    memcpy(out, received, count);
    received_count -= count;
    memmove(received, received + count, received_count);
    return count;
}

uint64_t simulation_queued(void)
{
    espat_module_status status;

    memset(&status, 0, sizeof status);
    status.size = sizeof status;
    check(espat_module_state(world, module, &status));
    return status.mcu_queued;
}

void simulation_set_baud(uint32_t baud)
{
    espat_line_settings line;

    memset(&line, 0, sizeof line);
    line.size = sizeof line;
    check(espat_mcu_line_read(world, module, &line));
    line.baud = baud;
    check(espat_mcu_line_set(world, module, now, &line));
}

int simulation_end(int code)
{
    char text[ESPAT_DIGEST_TEXT_SIZE];
    uint64_t digest;
    espat_status status = espat_world_finish(world);

    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "%s\n", espat_last_error());
        code = 2;
    }
    say_warnings();
    check(espat_world_digest(world, &digest));
    check(espat_digest_text(digest, text, sizeof text));
    printf("virtual time %" PRIu64 ".%06" PRIu64 " s, digest %s\n", now / 1000000000u, now % 1000000000u / 1000u, text);
    espat_world_free(world);
    return code;
}
