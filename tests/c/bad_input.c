/*
 * Wrong arguments to every function: each gets its status and a sentence, and changes nothing. At the end the world
 * still answers AT with OK, and its digest is the one of a world that was never treated like this.
 *
 *     bad_input DIRECTORY [ROUNDS]
 *
 * DIRECTORY is for files. All is done ROUNDS times (2), for leaks.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void expect_at(int line, const char *call, uint32_t status, uint32_t expected)
{
    const char *sentence = espat_last_error();

    if (status != expected) {
        failures++;
        printf("line %d: %s: status %" PRIu32 " (%s), expected %" PRIu32 " (%s)\n", line, call, status,
               espat_status_text(status), expected, espat_status_text(expected));
    } else if (status != ESPAT_STATUS_OK && strlen(sentence) < 10) {
        failures++;
        printf("line %d: %s: there is no sentence about it: '%s'\n", line, call, sentence);
    }
}

static void expect_true(int line, const char *what, int truth)
{
    if (!truth) {
        failures++;
        printf("line %d: not so: %s\n", line, what);
    }
}

#define EXPECT(expected, call) expect_at(__LINE__, #call, call, expected)
#define EXPECT_OK(call) EXPECT(ESPAT_STATUS_OK, call)
#define EXPECT_TRUE(what) expect_true(__LINE__, #what, what)
#define EXPECT_SENTENCE(part) EXPECT_TRUE(strstr(espat_last_error(), part) != NULL)

/* Structures that begin with their size. */
#define SIZED(type, name) \
    type name;            \
    memset(&name, 0, sizeof name); \
    name.size = sizeof name

static const uint8_t AT[] = {'A', 'T', '\r', '\n'};
static const char *BAD_UTF8 = "wi\xff" "fi";

/* A world of the built-in scenario that keeps everything, and its module, attached. */
static espat_world *new_world(uint32_t *module)
{
    espat_world *world = NULL;
    SIZED(espat_world_options, options);

    options.record = ESPAT_RECORD_CAPTURE | ESPAT_RECORD_INPUT_LOG | ESPAT_RECORD_DIALOGUE | ESPAT_RECORD_OBSERVATIONS
                     | ESPAT_RECORD_HOST_RECEIVED;
    EXPECT_OK(espat_world_new(&options, &world));
    EXPECT_OK(espat_attach(world, "wifi", NULL, module));
    return world;
}

/* Calls every function with `world`, which is none, and everything else in order. */
static void no_world(espat_world *world, uint32_t expected)
{
    SIZED(espat_statistics, statistics);
    SIZED(espat_packet, packet);
    SIZED(espat_observation, observation);
    SIZED(espat_module_status, state);
    SIZED(espat_expectation, expectation);
    SIZED(espat_lan_frame, frame);
    espat_link links[2];
    espat_uart_byte bytes[4];
    espat_pin_change changes[4];
    uint8_t buffer[64];
    SIZED(espat_line_settings, line);
    uint32_t module = 77;
    uint64_t number = 77;
    size_t count = 77;
    const char *text = BAD_UTF8;

    memset(links, 0, sizeof links);
    links[0].size = sizeof links[0];
    EXPECT(expected, espat_world_finish(world));
    EXPECT(expected, espat_world_seed(world, &number));
    EXPECT(expected, espat_module_count(world, &count));
    EXPECT(expected, espat_module_name(world, 0, &text));
    EXPECT(expected, espat_world_console(world, "status", &text));
    EXPECT(expected, espat_attach(world, "wifi", NULL, &module));
    EXPECT(expected, espat_detach(world, 0));
    EXPECT(expected, espat_uart_write(world, 0, 0, 'A'));
    EXPECT(expected, espat_uart_write_block(world, 0, 0, AT, sizeof AT));
    EXPECT(expected, espat_pin_set(world, 0, 0, ESPAT_PIN_EN, 1));
    EXPECT(expected, espat_mcu_overrun(world, 0, 0, 'A', ESPAT_MCU_LOSS_FULL));
    EXPECT(expected, espat_mcu_line_set(world, 0, 0, &line));
    EXPECT(expected, espat_module_line_read(world, 0, &line));
    EXPECT(expected, espat_mcu_line_read(world, 0, &line));
    EXPECT(expected, espat_module_rts(world, 0, &module));
    EXPECT(expected, espat_next_event(world, 0, &number));
    EXPECT(expected, espat_advance(world, 0, 0));
    EXPECT(expected, espat_advance_all(world, 0));
    EXPECT(expected, espat_reached(world, 0, &number));
    EXPECT(expected, espat_reached_ns(world, 0, &number));
    EXPECT(expected, espat_uart_take(world, 0, bytes, 4, &count));
    EXPECT(expected, espat_log_port_take(world, 0, bytes, 4, &count));
    changes[0].size = sizeof changes[0];
    EXPECT(expected, espat_pin_take(world, 0, changes, 4, &count));
    EXPECT(expected, espat_statistics_read(world, 0, &statistics));
    EXPECT(expected, espat_capture_take(world, buffer, sizeof buffer, &count));
    EXPECT(expected, espat_input_log_take(world, buffer, sizeof buffer, &count));
    EXPECT(expected, espat_keylog_take(world, buffer, sizeof buffer, &count));
    EXPECT(expected, espat_dialogue_take(world, &packet, buffer, sizeof buffer));
    EXPECT(expected, espat_observation_take(world, &observation));
    EXPECT(expected, espat_observation_read(world, 0, &observation));
    EXPECT(expected, espat_observation_count(world, &number));
    EXPECT(expected, espat_expectation_count(world, &count));
    EXPECT(expected, espat_expectation_read(world, 0, &expectation));
    EXPECT(expected, espat_module_state(world, 0, &state));
    EXPECT(expected, espat_links_read(world, 0, links, 2, &count));
    EXPECT(expected, espat_host_received(world, "www", ESPAT_PROTOCOL_TCP, 0, buffer, sizeof buffer, &number));
    EXPECT(expected, espat_lan_attach(world, "home", &module));
    EXPECT(expected, espat_lan_detach(world, 0));
    EXPECT(expected, espat_lan_send(world, 0, 0, buffer, 60));
    EXPECT(expected, espat_lan_take(world, 0, &frame, buffer, sizeof buffer));
    EXPECT(expected, espat_world_snapshot(world, 0, buffer, sizeof buffer, &number));
    EXPECT(expected, espat_world_flush(world));
    EXPECT(expected, espat_warning_take(world, &text));
    EXPECT(expected, espat_world_digest(world, &number));
    EXPECT(expected, espat_world_content_digest(world, &number));
    EXPECT(expected, espat_module_digest(world, 0, &number));
    EXPECT_TRUE(module == 77 && number == 77 && count == 77 && text == BAD_UTF8);
}

static void null_arguments(espat_world *world, uint32_t module)
{
    SIZED(espat_replay_result, result);
    SIZED(espat_packet, packet);
    espat_uart_byte bytes[4];
    espat_pin_change changes[4];
    uint8_t buffer[64];
    uint32_t port;
    SIZED(espat_lan_frame, frame);
    uint64_t number;
    size_t count;

    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_new(NULL, NULL));
    EXPECT_SENTENCE("'world' is NULL");
    EXPECT_OK(espat_world_free(NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_seed(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_module_count(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_module_name(world, 0, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_console(world, NULL, NULL));
    EXPECT_OK(espat_world_console(world, "status", NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_attach(world, NULL, NULL, &module));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_attach(world, "wifi", NULL, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_uart_write_block(world, module, 0, NULL, 1));
    EXPECT_SENTENCE("'bytes' is NULL");
    EXPECT_OK(espat_uart_write_block(world, module, 0, NULL, 0));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_next_event(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_reached(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_reached_ns(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_uart_take(world, module, NULL, 4, &count));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_uart_take(world, module, bytes, 4, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_log_port_take(world, module, NULL, 4, &count));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_log_port_take(world, module, bytes, 4, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_pin_take(world, module, NULL, 4, &count));
    changes[0].size = sizeof changes[0];
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_pin_take(world, module, changes, 4, NULL));
    changes[0].size = 0;
    EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_pin_take(world, module, changes, 4, &count));
    EXPECT_OK(espat_uart_take(world, module, NULL, 0, &count));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_statistics_read(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_module_line_read(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_mcu_line_read(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_mcu_line_set(world, module, 0, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_module_rts(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_capture_take(world, NULL, 4, &count));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_capture_take(world, buffer, sizeof buffer, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_input_log_take(world, NULL, 4, &count));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_input_log_take(world, buffer, sizeof buffer, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_dialogue_take(world, NULL, buffer, sizeof buffer));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_dialogue_take(world, &packet, NULL, 4));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_observation_take(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_observation_read(world, 0, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_observation_count(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_expectation_count(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_expectation_read(world, 0, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_module_state(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_links_read(world, module, NULL, 2, &count));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_links_read(world, module, NULL, 0, NULL));
    EXPECT_OK(espat_links_read(world, module, NULL, 0, &count));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_host_received(world, NULL, ESPAT_PROTOCOL_TCP, 0, NULL, 0, &number));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_host_received(world, "www", ESPAT_PROTOCOL_TCP, 0, NULL, 4, &number));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_host_received(world, "www", ESPAT_PROTOCOL_TCP, 0, NULL, 0, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_observation_check(world, NULL, "reply"));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_observation_check(world, "wifi", NULL));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_observation_check(world, "wfi", "reply"));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_observation_check(world, "", "nonsense"));
    EXPECT_OK(espat_observation_check(world, "wifi", "reply"));
    EXPECT_OK(espat_observation_check(world, "", "http"));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_warning_take(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_digest(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_content_digest(world, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_module_digest(world, module, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_digest_text(0, NULL, ESPAT_DIGEST_TEXT_SIZE));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_replay(NULL, 4, NULL, &result, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_replay(AT, sizeof AT, NULL, NULL, NULL));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_lan_attach(world, NULL, &port));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_lan_attach(world, "home", NULL));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_lan_attach(world, "hoem", &port));
    EXPECT_SENTENCE("did you mean `home`");
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_lan_send(world, 0, 0, buffer, 60));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_lan_detach(world, 0));
    EXPECT_OK(espat_lan_attach(world, "home", &port));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_lan_send(world, port, 0, NULL, 60));
    memset(buffer, 0xff, sizeof buffer);
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_lan_send(world, port, 0, buffer, 13));
    EXPECT_SENTENCE("14 to 1518 bytes");
    EXPECT(ESPAT_STATUS_TIME_OVERFLOW, espat_lan_send(world, port, UINT64_MAX, buffer, 60));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_lan_take(world, port, NULL, buffer, sizeof buffer));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_lan_take(world, port, &frame, NULL, 4));
    EXPECT_OK(espat_lan_take(world, port, &frame, NULL, 0));
    EXPECT_TRUE(frame.length == 0);
    frame.size = 0;
    EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_lan_take(world, port, &frame, buffer, sizeof buffer));
    frame.size = sizeof frame;
    EXPECT_OK(espat_lan_detach(world, port));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_lan_take(world, port, &frame, buffer, sizeof buffer));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_snapshot(world, 0, NULL, 4, &number));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_snapshot(world, 0, NULL, 0, NULL));
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_world_snapshot(world, 0, NULL, 0, &number));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_restore(NULL, 4, NULL, &world));
    EXPECT(ESPAT_STATUS_NULL_POINTER, espat_world_restore(AT, sizeof AT, NULL, NULL));
}

static void wrong_sizes(espat_world *world, uint32_t module)
{
    static const size_t sizes[] = {0, 1, sizeof(size_t), 4097, (size_t)-1};
    espat_world *other = NULL;
    size_t i, count;
    struct {
        espat_attach_options known;
        uint64_t unknown;
    } newer;
    struct {
        espat_statistics known;
        uint64_t unknown;
    } newer_statistics;

    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        SIZED(espat_world_options, options);
        SIZED(espat_attach_options, attach);
        SIZED(espat_statistics, statistics);
        SIZED(espat_packet, packet);
        SIZED(espat_observation, observation);
        SIZED(espat_module_status, state);
        SIZED(espat_link, link);
        SIZED(espat_expectation, expectation);
        SIZED(espat_replay_result, result);
        options.size = attach.size = statistics.size = packet.size = observation.size = result.size = sizes[i];
        state.size = link.size = expectation.size = sizes[i];
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_world_new(&options, &other));
        EXPECT_SENTENCE("sizeof(espat_world_options)");
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_attach(world, "wifi", &attach, &module));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_statistics_read(world, module, &statistics));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_dialogue_take(world, &packet, NULL, 0));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_observation_take(world, &observation));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_observation_read(world, 0, &observation));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_module_state(world, module, &state));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_expectation_read(world, 0, &expectation));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_links_read(world, module, &link, 1, &count));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_world_replay(AT, sizeof AT, NULL, &result, NULL));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_world_replay(AT, sizeof AT, &options, &result, NULL));
        EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_world_restore(AT, sizeof AT, &options, &other));
        EXPECT_TRUE(other == NULL && statistics.mcu_bytes == 0);
    }

    /* A program that was built with a newer header. */
    memset(&newer, 0, sizeof newer);
    newer.known.size = sizeof newer;
    newer.unknown = 1;
    EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_attach(world, "wifi", &newer.known, &module));
    newer.unknown = 0;
    EXPECT(ESPAT_STATUS_ALREADY_ATTACHED, espat_attach(world, "wifi", &newer.known, &module));
    memset(&newer_statistics, 0xff, sizeof newer_statistics);
    newer_statistics.known.size = sizeof newer_statistics;
    EXPECT_OK(espat_statistics_read(world, module, &newer_statistics.known));
    EXPECT_TRUE(newer_statistics.unknown == 0 && newer_statistics.known.size == sizeof newer_statistics);
}

/* A snapshot that is not whole touches no file, and the world of a whole one is as good as any. */
static void wrong_snapshots(const char *directory)
{
    espat_world *world = NULL;
    uint8_t *snapshot;
    uint64_t length, rest;
    uint32_t module;
    char path[512];
    FILE *file;
    SIZED(espat_world_options, options);

    options.record = ESPAT_RECORD_SNAPSHOT;
    EXPECT_OK(espat_world_new(&options, &world));
    EXPECT_OK(espat_attach(world, "wifi", NULL, &module));
    EXPECT_OK(espat_uart_write_block(world, module, 7, AT, sizeof AT));
    EXPECT_OK(espat_world_snapshot(world, 0, NULL, 0, &length));
    snapshot = (uint8_t *)malloc((size_t)length);
    EXPECT_OK(espat_world_snapshot(world, 0, snapshot, (size_t)length, &rest));
    EXPECT_TRUE(rest == length);
    EXPECT_OK(espat_world_snapshot(world, length, snapshot, 4, &rest));
    EXPECT_OK(espat_world_snapshot(world, UINT64_MAX, snapshot, 4, &rest));
    EXPECT_TRUE(rest == length);
    EXPECT_OK(espat_world_free(world));

    world = NULL;
    sprintf(path, "%.400s/untouched", directory);
    file = fopen(path, "wb");
    fputs("earlier", file);
    fclose(file);
    options.capture_path = path;
    EXPECT(ESPAT_STATUS_INVALID_LOG, espat_world_restore(snapshot, (size_t)length - 2, &options, &world));
    EXPECT_SENTENCE("cut off here");
    EXPECT(ESPAT_STATUS_INVALID_LOG, espat_world_restore(NULL, 0, &options, &world));
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_world_restore((const uint8_t *)BAD_UTF8, 5, &options, &world));
    EXPECT_SENTENCE("'snapshot' is not UTF-8");
    options.seed_given = 1;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_restore(snapshot, (size_t)length, &options, &world));
    options.seed_given = 0;
    options.input_log_path = path;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_restore(snapshot, (size_t)length, &options, &world));
    EXPECT_TRUE(world == NULL);
    file = fopen(path, "rb");
    EXPECT_TRUE(fgetc(file) == 'e');
    fclose(file);

    options.input_log_path = options.capture_path = NULL;
    EXPECT_OK(espat_world_restore(snapshot, (size_t)length, &options, &world));
    EXPECT(ESPAT_STATUS_ALREADY_ATTACHED, espat_attach(world, "wifi", NULL, &module));
    EXPECT(ESPAT_STATUS_TIME_BACKWARDS, espat_advance(world, module, 6));
    EXPECT_OK(espat_advance(world, module, 7));
    EXPECT_OK(espat_world_free(world));
    free(snapshot);
}

static void wrong_options(const char *directory)
{
    espat_world *world = NULL;
    char path[512];
    SIZED(espat_world_options, options);
    SIZED(espat_replay_result, result);
    const espat_world_options good = options;

    options.scenario = "[ap.home]\nssid = 7\n";
    EXPECT(ESPAT_STATUS_INVALID_SCENARIO, espat_world_new(&options, &world));
    EXPECT_SENTENCE("scenario:2:");
    options.scenario = BAD_UTF8;
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_world_new(&options, &world));
    EXPECT_SENTENCE("'scenario' is not UTF-8: byte 2");
    options.scenario = espat_default_scenario();
    options.scenario_path = "x.toml";
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_new(&options, &world));
    options.scenario = NULL;
    options.scenario_path = "/nonexistent/x.toml";
    EXPECT(ESPAT_STATUS_IO, espat_world_new(&options, &world));
    EXPECT_SENTENCE("/nonexistent/x.toml");
    options.scenario_path = BAD_UTF8;
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_world_new(&options, &world));

    options = good;
    options.seed_given = 2;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_new(&options, &world));
    options = good;
    options.record = 512;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_new(&options, &world));
    options = good;
    options.capture_path = "/nonexistent/x.pcapng";
    EXPECT(ESPAT_STATUS_IO, espat_world_new(&options, &world));
    EXPECT_SENTENCE("/nonexistent/x.pcapng");
    options.capture_path = BAD_UTF8;
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_world_new(&options, &world));
    sprintf(path, "%.400s/same", directory);
    options.capture_path = options.input_log_path = path;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_new(&options, &world));
    options.input_log_path = NULL;
    options.keylog_path = path;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_new(&options, &world));
    options.keylog_path = NULL;
    options.record = ESPAT_RECORD_CAPTURE;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_new(&options, &world));
    EXPECT_TRUE(world == NULL);

    EXPECT(ESPAT_STATUS_INVALID_LOG, espat_world_replay(AT, sizeof AT, NULL, &result, &world));
    EXPECT(ESPAT_STATUS_INVALID_LOG, espat_world_replay(NULL, 0, NULL, &result, &world));
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_world_replay((const uint8_t *)BAD_UTF8, 5, NULL, &result, &world));
    options = good;
    options.seed_given = 1;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_world_replay(AT, sizeof AT, &options, &result, &world));
    EXPECT_TRUE(world == NULL && result.digest == 0);
    wrong_snapshots(directory);

#ifdef __linux__
    /* A full disk changes nothing in the simulation; finishing tells of it. */
    options = good;
    options.input_log_path = "/dev/full";
    EXPECT_OK(espat_world_new(&options, &world));
    EXPECT(ESPAT_STATUS_IO, espat_world_finish(world));
    EXPECT_SENTENCE("/dev/full");
    EXPECT_OK(espat_world_finish(world));
    EXPECT_OK(espat_world_free(world));
    EXPECT_OK(espat_world_new(&options, &world));
    EXPECT(ESPAT_STATUS_IO, espat_world_free(world));
    EXPECT(ESPAT_STATUS_INVALID_HANDLE, espat_world_free(world));
#endif
}

static void wrong_values(espat_world *world, uint32_t module)
{
    SIZED(espat_attach_options, options);
    espat_uart_byte bytes[4];
    espat_pin_change changes[4];
    SIZED(espat_statistics, statistics);
    SIZED(espat_observation, observation);
    SIZED(espat_module_status, state);
    SIZED(espat_link, link);
    SIZED(espat_expectation, expectation);
    uint8_t buffer[64];
    SIZED(espat_line_settings, line);
    uint32_t other, level;
    uint64_t number;
    size_t count;
    const char *text;
    char small[ESPAT_DIGEST_TEXT_SIZE - 1];

    EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_attach(world, "door", NULL, &other));
    EXPECT_SENTENCE("this world has wifi");
    EXPECT(ESPAT_STATUS_ALREADY_ATTACHED, espat_attach(world, "wifi", NULL, &other));
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_attach(world, BAD_UTF8, NULL, &other));
    options.mcu_tx = 3;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_attach(world, "wifi", &options, &other));
    options.mcu_tx = ESPAT_MCU_TX_WIRE;
    options.obeys_rts = 3;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_attach(world, "wifi", &options, &other));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_mcu_overrun(world, module, 0, 'A', 3));
    line.baud = 79;
    line.data_bits = 8;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_mcu_line_set(world, module, 0, &line));
    EXPECT_SENTENCE("expected 80 to 5000000 baud");
    line.baud = 9600;
    line.data_bits = 9;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_mcu_line_set(world, module, 0, &line));
    line.data_bits = 264;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_mcu_line_set(world, module, 0, &line));
    line.data_bits = 8;
    line.parity = 3;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_mcu_line_set(world, module, 0, &line));
    line.parity = ESPAT_PARITY_NONE;
    line.stop_bits = 3;
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_mcu_line_set(world, module, 0, &line));
    line.stop_bits = ESPAT_STOP_BITS_ONE;
    line.size = 8;
    EXPECT(ESPAT_STATUS_INVALID_SIZE, espat_mcu_line_set(world, module, 0, &line));
    line.size = sizeof line;

    EXPECT(ESPAT_STATUS_UNKNOWN_HOST, espat_host_received(world, "wifi", ESPAT_PROTOCOL_TCP, 0, NULL, 0, &number));
    EXPECT_SENTENCE("there is no host 'wifi'");
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_host_received(world, "www", ESPAT_PROTOCOL_NONE, 0, NULL, 0, &number));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_host_received(world, "www", 3, 0, NULL, 0, &number));
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_host_received(world, BAD_UTF8, ESPAT_PROTOCOL_TCP, 0, NULL, 0, &number));
    EXPECT_OK(espat_host_received(world, "www", ESPAT_PROTOCOL_TCP, UINT64_MAX, buffer, 4, &number));
    EXPECT_OK(espat_expectation_count(world, &count));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_expectation_read(world, count, &expectation));
    EXPECT_SENTENCE("the scenario expects 0 things");
    EXPECT_OK(espat_observation_read(world, UINT64_MAX, &observation));
    EXPECT_TRUE(observation.event == ESPAT_EVENT_KIND_NONE && observation.text == NULL);

    changes[0].size = sizeof changes[0];
    for (other = 1; other != 0; other = other == 1 ? UINT32_MAX : 0) {
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_detach(world, other));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_uart_write(world, other, 0, 'A'));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_uart_write_block(world, other, 0, AT, sizeof AT));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_uart_write_block(world, other, 0, NULL, 0));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_pin_set(world, other, 0, ESPAT_PIN_EN, 1));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_mcu_overrun(world, other, 0, 'A', ESPAT_MCU_LOSS_OFF));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_mcu_line_set(world, other, 0, &line));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_module_line_read(world, other, &line));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_mcu_line_read(world, other, &line));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_module_rts(world, other, &level));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_module_state(world, other, &state));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_links_read(world, other, &link, 1, &count));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_next_event(world, other, &number));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_advance(world, other, 0));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_reached(world, other, &number));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_reached_ns(world, other, &number));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_uart_take(world, other, bytes, 4, &count));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_uart_take(world, other, NULL, 0, &count));
        EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_log_port_take(world, other, bytes, 4, &count));
        EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_pin_take(world, other, changes, 4, &count));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_statistics_read(world, other, &statistics));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_module_digest(world, other, &number));
        EXPECT(ESPAT_STATUS_UNKNOWN_MODULE, espat_module_name(world, other, &text));
    }

    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_pin_set(world, module, 0, 3, 1));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_pin_set(world, module, 0, ESPAT_PIN_EN, 2));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_uart_take(world, module, bytes, (size_t)-1, &count));
    EXPECT(ESPAT_STATUS_INVALID_ARGUMENT, espat_uart_write_block(world, module, 0, AT, (size_t)-1));
    EXPECT(ESPAT_STATUS_INVALID_LINE, espat_world_console(world, "make tea", &text));
    EXPECT(ESPAT_STATUS_INVALID_LINE, espat_world_console(world, "", &text));
    EXPECT(ESPAT_STATUS_INVALID_LINE, espat_world_console(world, "ap nowhere down", &text));
    EXPECT(ESPAT_STATUS_INVALID_UTF8, espat_world_console(world, BAD_UTF8, &text));
    EXPECT(ESPAT_STATUS_BUFFER_TOO_SMALL, espat_digest_text(1, small, sizeof small));
    EXPECT(ESPAT_STATUS_BUFFER_TOO_SMALL, espat_digest_text(1, NULL, 0));
}

static void wrong_times(espat_world *world, uint32_t module)
{
    uint64_t reached;

    EXPECT_OK(espat_advance(world, module, 1000));
    EXPECT(ESPAT_STATUS_TIME_BACKWARDS, espat_advance(world, module, 999));
    EXPECT_SENTENCE("tick 999 after tick 1000");
    EXPECT(ESPAT_STATUS_TIME_BACKWARDS, espat_advance_all(world, 999));
    EXPECT(ESPAT_STATUS_TIME_BACKWARDS, espat_uart_write(world, module, 0, 'A'));
    EXPECT(ESPAT_STATUS_TIME_BACKWARDS, espat_uart_write_block(world, module, 0, AT, sizeof AT));
    EXPECT(ESPAT_STATUS_TIME_BACKWARDS, espat_pin_set(world, module, 0, ESPAT_PIN_EN, 0));
    EXPECT(ESPAT_STATUS_TIME_BACKWARDS, espat_mcu_overrun(world, module, 0, 'A', ESPAT_MCU_LOSS_UNKNOWN));
    EXPECT(ESPAT_STATUS_INVALID_LINE, espat_world_console(world, "at 0 ns ap home down", NULL));
    EXPECT_OK(espat_reached(world, module, &reached));
    EXPECT_TRUE(reached == 1000);
}

/* Boots the module, asks AT, and answers the world's digest. `*output` gets what was said from there on. */
static uint64_t boot_and_ask(espat_world *world, uint32_t module, char *output, size_t capacity)
{
    uint64_t now = 1000000000, digest = 0;
    size_t length = 0, count, i;
    espat_uart_byte bytes[256];

    EXPECT_OK(espat_advance(world, module, now));
    EXPECT_OK(espat_uart_write_block(world, module, now, AT, sizeof AT));
    EXPECT_OK(espat_advance(world, module, now + 100000000));
    EXPECT_OK(espat_uart_take(world, module, bytes, 256, &count));
    for (i = 0; i < count && length + 1 < capacity; i++) {
        output[length++] = (char)bytes[i].byte;
    }
    output[length] = '\0';
    EXPECT_OK(espat_world_digest(world, &digest));
    return digest;
}

/* A packet that does not fit stays where it is. */
static void small_buffers(espat_world *world)
{
    uint8_t buffer[64];
    SIZED(espat_packet, packet);
    uint64_t first;

    EXPECT(ESPAT_STATUS_BUFFER_TOO_SMALL, espat_dialogue_take(world, &packet, NULL, 0));
    EXPECT_TRUE(packet.kind == ESPAT_PACKET_KIND_LINE && packet.length == strlen("\r\nready\r\n"));
    first = packet.ns;
    EXPECT(ESPAT_STATUS_BUFFER_TOO_SMALL, espat_dialogue_take(world, &packet, buffer, packet.length - 1));
    EXPECT_OK(espat_dialogue_take(world, &packet, buffer, packet.length));
    EXPECT_TRUE(packet.ns == first && memcmp(buffer, "\r\nready\r\n", 9) == 0);
    EXPECT_OK(espat_dialogue_take(world, &packet, buffer, sizeof buffer));
    EXPECT_TRUE(packet.from == ESPAT_SIDE_MCU && memcmp(buffer, AT, sizeof AT) == 0);
}

static void finished(espat_world *world, uint32_t module)
{
    espat_uart_byte bytes[4];
    uint8_t buffer[64];
    uint32_t other;
    uint64_t before, after;
    size_t count;

    EXPECT_OK(espat_world_digest(world, &before));
    EXPECT_OK(espat_world_finish(world));
    EXPECT_OK(espat_world_finish(world));
    EXPECT(ESPAT_STATUS_FINISHED, espat_attach(world, "wifi", NULL, &other));
    EXPECT(ESPAT_STATUS_FINISHED, espat_detach(world, module));
    EXPECT(ESPAT_STATUS_FINISHED, espat_uart_write(world, module, UINT64_C(5000000000), 'A'));
    EXPECT(ESPAT_STATUS_FINISHED, espat_uart_write_block(world, module, UINT64_C(5000000000), AT, sizeof AT));
    EXPECT(ESPAT_STATUS_FINISHED, espat_pin_set(world, module, UINT64_C(5000000000), ESPAT_PIN_EN, 0));
    EXPECT(ESPAT_STATUS_FINISHED, espat_mcu_overrun(world, module, UINT64_C(5000000000), 'A', ESPAT_MCU_LOSS_FULL));
    EXPECT(ESPAT_STATUS_FINISHED, espat_advance(world, module, UINT64_C(5000000000)));
    EXPECT(ESPAT_STATUS_FINISHED, espat_advance_all(world, UINT64_C(5000000000)));
    EXPECT(ESPAT_STATUS_FINISHED, espat_world_console(world, "status", NULL));
    EXPECT_OK(espat_uart_take(world, module, bytes, 4, &count));
    EXPECT_OK(espat_capture_take(world, buffer, sizeof buffer, &count));
    EXPECT_TRUE(count == sizeof buffer);
    EXPECT_OK(espat_input_log_take(world, buffer, sizeof buffer, &count));
    EXPECT_TRUE(count == sizeof buffer);
    EXPECT_OK(espat_world_digest(world, &after));
    EXPECT_TRUE(before == after);
}

/* What is not kept can't be pulled; a module without a driver has no time. */
static void not_recorded(void)
{
    espat_world *world = NULL;
    SIZED(espat_packet, packet);
    SIZED(espat_observation, observation);
    uint8_t buffer[64];
    uint32_t module;
    uint64_t number;
    size_t count;

    EXPECT_OK(espat_world_new(NULL, &world));
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_capture_take(world, buffer, sizeof buffer, &count));
    EXPECT_SENTENCE("ESPAT_RECORD_CAPTURE");
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_input_log_take(world, buffer, sizeof buffer, &count));
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_keylog_take(world, buffer, sizeof buffer, &count));
    EXPECT_SENTENCE("ESPAT_RECORD_KEYLOG");
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_dialogue_take(world, &packet, buffer, sizeof buffer));
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_observation_take(world, &observation));
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_observation_read(world, 0, &observation));
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_observation_count(world, &number));
    EXPECT(ESPAT_STATUS_NOT_RECORDED, espat_host_received(world, "www", ESPAT_PROTOCOL_TCP, 0, NULL, 0, &number));
    EXPECT_OK(espat_world_flush(world));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_uart_write(world, 0, 0, 'A'));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_uart_write_block(world, 0, 0, AT, sizeof AT));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_pin_set(world, 0, 0, ESPAT_PIN_EN, 1));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_mcu_overrun(world, 0, 0, 'A', ESPAT_MCU_LOSS_FULL));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_next_event(world, 0, &number));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_advance(world, 0, 0));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_reached(world, 0, &number));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_detach(world, 0));
    EXPECT_OK(espat_attach(world, "wifi", NULL, &module));
    EXPECT_OK(espat_detach(world, module));
    EXPECT(ESPAT_STATUS_NOT_ATTACHED, espat_detach(world, module));
    EXPECT_OK(espat_attach(world, "wifi", NULL, &module));
    EXPECT_OK(espat_world_free(world));
}

static void end_of_time(void)
{
    espat_world *world = NULL;
    uint32_t module;
    SIZED(espat_attach_options, options);

    options.timebase_hz = 1;
    EXPECT_OK(espat_world_new(NULL, &world));
    EXPECT_OK(espat_attach(world, "wifi", &options, &module));
    EXPECT(ESPAT_STATUS_TIME_OVERFLOW, espat_advance(world, module, UINT64_MAX));
    EXPECT_OK(espat_advance(world, module, 1));
    EXPECT_OK(espat_world_free(world));
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 2;

    if (argc < 2) {
        fprintf(stderr, "usage: bad_input DIRECTORY [ROUNDS]\n");
        return 2;
    }
    EXPECT_TRUE(strcmp(espat_last_error(), "") == 0);
    EXPECT_TRUE(espat_default_seed() == 1);
    while (rounds-- > 0) {
        char said[512], said_undisturbed[512];
        uint32_t module, plain_module;
        uint64_t digest;
        espat_world *world = new_world(&module);
        espat_world *plain = new_world(&plain_module);

        no_world(NULL, ESPAT_STATUS_NULL_POINTER);
        no_world((espat_world *)said, ESPAT_STATUS_INVALID_HANDLE);
        EXPECT(ESPAT_STATUS_INVALID_HANDLE, espat_world_free((espat_world *)said));
        null_arguments(world, module);
        wrong_sizes(world, module);
        wrong_options(argv[1]);
        wrong_values(world, module);
        wrong_times(world, module);
        digest = boot_and_ask(world, module, said, sizeof said);
        EXPECT_TRUE(digest == boot_and_ask(plain, plain_module, said_undisturbed, sizeof said_undisturbed));
        EXPECT_TRUE(strcmp(said, "\r\nready\r\nAT\r\n\r\nOK\r\n") == 0);
        EXPECT_TRUE(strcmp(said, said_undisturbed) == 0);
        small_buffers(world);
        finished(world, module);
        not_recorded();
        end_of_time();

        EXPECT_OK(espat_world_free(world));
        no_world(world, ESPAT_STATUS_INVALID_HANDLE);
        EXPECT(ESPAT_STATUS_INVALID_HANDLE, espat_world_free(world));
        EXPECT_OK(espat_world_free(plain));
    }
    if (failures != 0) {
        printf("FAIL: %d\n", failures);
        return 1;
    }
    printf("PASS\n");
    return 0;
}
