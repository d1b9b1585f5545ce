/*
 * Puts inputs into a world of the scenario in a file and prints what comes out, for a comparison with the same
 * inputs through Rust. Standard input has one input on each line:
 *
 *     attach NAME HZ ORIGIN_NS MCU_TX
 *     detach MODULE
 *     uart MODULE TICK HEX      all bytes at one tick
 *     pin MODULE TICK PIN LEVEL
 *     overrun MODULE TICK BYTE
 *     advance MODULE TICK
 *     console LINE
 *
 * What comes out: each byte on the wire as `byte MODULE TICK NS BYTE FLAGS`, the answers of the console, warnings,
 * observations, statistics, then the digests. Capture and input log are pulled and written to the files that are named.
 *
 *     drive SCENARIO SEED CAPTURE LOG <INPUTS
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static espat_world *world;

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "status %" PRIu32 " (%s): %s\n", status, espat_status_text(status), espat_last_error());
        exit(1);
    }
}

static void print_bytes(uint32_t module)
{
    /* A small array, so that several calls are needed. */
    espat_uart_byte bytes[7];
    size_t count, i;

    do {
        check(espat_uart_take(world, module, bytes, 7, &count));
        for (i = 0; i < count; i++) {
            printf("byte %" PRIu32 " %" PRIu64 " %" PRIu64 " %u %u\n", module, bytes[i].tick, bytes[i].ns,
                   (unsigned)bytes[i].byte, (unsigned)bytes[i].flags);
        }
    } while (count == 7);
}

typedef uint32_t pull(espat_world *, uint8_t *, size_t, size_t *);

static uint32_t pull_capture(espat_world *w, uint8_t *buffer, size_t capacity, size_t *length)
{
    return espat_capture_take(w, buffer, capacity, length);
}

static uint32_t pull_log(espat_world *w, uint8_t *buffer, size_t capacity, size_t *length)
{
    return espat_input_log_take(w, buffer, capacity, length);
}

/* The two-call style: ask how much waits, then take all of it. */
static void pull_to(FILE *file, pull *read)
{
    size_t length, taken;
    uint8_t *buffer;

    check(read(world, NULL, 0, &length));
    if (length == 0) {
        return;
    }
    buffer = (uint8_t *)malloc(length);
    check(read(world, buffer, length, &taken));
    if (taken != length || fwrite(buffer, 1, taken, file) != taken) {
        fprintf(stderr, "%lu bytes waited, %lu came\n", (unsigned long)length, (unsigned long)taken);
        exit(1);
    }
    free(buffer);
}

static void input(char *line)
{
    char word[16], name[64], hex[1024];
    uint32_t module, pin, level;
    uint64_t tick;
    unsigned byte;

    sscanf(line, "%15s", word);
    if (strcmp(word, "attach") == 0) {
        espat_attach_options options;
        memset(&options, 0, sizeof options);
        options.size = sizeof options;
        sscanf(line, "%*s %63s %" SCNu64 " %" SCNu64 " %" SCNu32, name, &options.timebase_hz, &options.origin_ns,
               &options.mcu_tx);
        options.obeys_rts = options.mcu_tx == ESPAT_MCU_TX_WIRE ? ESPAT_OBEYS_RTS_YES : ESPAT_OBEYS_RTS_NO;
        check(espat_attach(world, name, &options, &module));
        printf("module %" PRIu32 "\n", module);
    } else if (strcmp(word, "detach") == 0) {
        sscanf(line, "%*s %" SCNu32, &module);
        check(espat_detach(world, module));
    } else if (strcmp(word, "uart") == 0) {
        uint8_t bytes[512];
        size_t length = 0;
        sscanf(line, "%*s %" SCNu32 " %" SCNu64 " %1023s", &module, &tick, hex);
        while (sscanf(hex + 2 * length, "%2x", &byte) == 1) {
            bytes[length++] = (uint8_t)byte;
        }
        /* Both ways to store bytes. */
        if (length == 1) {
            check(espat_uart_write(world, module, tick, bytes[0]));
        } else {
            check(espat_uart_write_block(world, module, tick, bytes, length));
        }
    } else if (strcmp(word, "pin") == 0) {
        sscanf(line, "%*s %" SCNu32 " %" SCNu64 " %" SCNu32 " %" SCNu32, &module, &tick, &pin, &level);
        check(espat_pin_set(world, module, tick, pin, level));
    } else if (strcmp(word, "line") == 0) {
        espat_line_settings mcu, own;
        memset(&mcu, 0, sizeof mcu);
        memset(&own, 0, sizeof own);
        mcu.size = own.size = sizeof mcu;
        sscanf(line, "%*s %" SCNu32 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &module, &tick, &mcu.baud,
               &mcu.data_bits, &mcu.parity, &mcu.stop_bits);
        check(espat_mcu_line_set(world, module, tick, &mcu));
        check(espat_mcu_line_read(world, module, &own));
        if (memcmp(&mcu, &own, sizeof mcu) != 0) {
            fprintf(stderr, "the MCU's line is not what it was set to\n");
            exit(1);
        }
        check(espat_module_rts(world, module, &level));
        check(espat_module_line_read(world, module, &own));
        printf("rts %" PRIu32 ", module %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", level, own.baud, own.data_bits,
               own.parity, own.stop_bits);
    } else if (strcmp(word, "overrun") == 0) {
        sscanf(line, "%*s %" SCNu32 " %" SCNu64 " %u", &module, &tick, &byte);
        check(espat_mcu_overrun(world, module, tick, (uint8_t)byte, ESPAT_MCU_LOSS_FULL));
    } else if (strcmp(word, "advance") == 0) {
        uint64_t reached;
        sscanf(line, "%*s %" SCNu32 " %" SCNu64, &module, &tick);
        check(espat_advance(world, module, tick));
        check(espat_reached(world, module, &reached));
        if (reached != tick) {
            fprintf(stderr, "advanced to %" PRIu64 ", reached %" PRIu64 "\n", tick, reached);
            exit(1);
        }
        print_bytes(module);
    } else if (strcmp(word, "console") == 0) {
        const char *answer;
        check(espat_world_console(world, line + strlen("console "), &answer));
        printf("answer %s\n", answer);
    } else {
        fprintf(stderr, "unknown input '%s'\n", line);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    espat_world_options options;
    FILE *capture, *log;
    char line[2048];
    size_t count, i;
    const char *warning;
    espat_observation observation;
    uint64_t digest;

    if (argc != 5) {
        fprintf(stderr, "usage: drive SCENARIO SEED CAPTURE LOG <INPUTS\n");
        return 2;
    }
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.scenario_path = argv[1];
    options.seed = strtoull(argv[2], NULL, 10);
    options.seed_given = 1;
    options.record = ESPAT_RECORD_CAPTURE | ESPAT_RECORD_INPUT_LOG | ESPAT_RECORD_OBSERVATIONS;
    check(espat_world_new(&options, &world));
    capture = fopen(argv[3], "wb");
    log = fopen(argv[4], "wb");
    if (capture == NULL || log == NULL) {
        fprintf(stderr, "can't create '%s' or '%s'\n", argv[3], argv[4]);
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        input(line);
        pull_to(capture, pull_capture);
        pull_to(log, pull_log);
    }
    check(espat_world_finish(world));
    pull_to(capture, pull_capture);
    pull_to(log, pull_log);
    if (fclose(capture) != 0 || fclose(log) != 0) {
        return 1;
    }
    for (;;) {
        check(espat_warning_take(world, &warning));
        if (warning == NULL) {
            break;
        }
        printf("warning %s\n", warning);
    }
    memset(&observation, 0, sizeof observation);
    observation.size = sizeof observation;
    for (;;) {
        check(espat_observation_take(world, &observation));
        if (observation.event == ESPAT_EVENT_KIND_NONE) {
            break;
        }
        printf("observation %" PRIu64 " %s %s %s\n", observation.ns, observation.subject, observation.kind,
               observation.text);
    }
    check(espat_module_count(world, &count));
    for (i = 0; i < count; i++) {
        const char *name;
        espat_statistics s;
        memset(&s, 0, sizeof s);
        s.size = sizeof s;
        check(espat_module_name(world, i, &name));
        check(espat_statistics_read(world, (uint32_t)i, &s));
        printf("statistics %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
               " %" PRIu64 "\n",
               name, s.mcu_bytes, s.module_bytes, s.mcu_queue_max, s.mcu_overruns, s.module_overruns, s.frames_sent,
               s.frames_received, s.frames_lost);
        printf("errors %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
               s.module_received, s.module_framing_errors, s.module_parity_errors, s.mcu_received,
               s.mcu_framing_errors, s.mcu_parity_errors, s.wire_lost);
        check(espat_module_digest(world, (uint32_t)i, &digest));
        printf("digest of %s %016" PRIx64 "\n", name, digest);
    }
    check(espat_world_digest(world, &digest));
    printf("digest %016" PRIx64 "\n", digest);
    check(espat_world_content_digest(world, &digest));
    printf("content %016" PRIx64 "\n", digest);
    check(espat_world_free(world));
    return 0;
}
