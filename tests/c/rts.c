/*
 * The module's RTS as a pin with times. In passthrough to a host that reads nothing, the MCU stores more than the
 * module can keep: RTS goes high. When the host reads again, RTS goes low. Prints each change as `rts TICK NS LEVEL`.
 *
 *     rts SCENARIO
 *
 * The driver counts in ticks of 10 MHz, so that ticks and nanoseconds differ.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HZ UINT64_C(10000000)

static espat_world *world;
static uint32_t module;
static uint64_t now;
static char received[4096];
static size_t received_length;

static void fail(const char *what)
{
    fprintf(stderr, "FAIL at tick %" PRIu64 ": %s\n", now, what);
    exit(1);
}

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fail(espat_last_error());
    }
}

static void advance(uint64_t to)
{
    espat_uart_byte bytes[64];
    size_t count, i;

    now = to;
    check(espat_advance(world, module, now));
    do {
        check(espat_uart_take(world, module, bytes, 64, &count));
        for (i = 0; i < count && received_length < sizeof received; i++) {
            received[received_length++] = (char)bytes[i].byte;
        }
    } while (count == 64);
}

/* To the next event, at most to `end`. */
static int step(uint64_t end)
{
    uint64_t next;

    check(espat_next_event(world, module, &next));
    if (next > end) {
        advance(end);
        return 0;
    }
    advance(next);
    return 1;
}

static void expect(const char *command, const char *answer)
{
    size_t length = strlen(answer);
    uint64_t end = now + 60 * HZ;

    received_length = 0;
    check(espat_uart_write_block(world, module, now, (const uint8_t *)command, strlen(command)));
    while (received_length < length || memcmp(received + received_length - length, answer, length) != 0) {
        if (!step(end)) {
            fail(command);
        }
    }
}

static void console(const char *line)
{
    const char *answer;

    check(espat_world_console(world, line, &answer));
}

/* Goes on until RTS has changed, and checks the change. */
static espat_pin_change until_change(uint32_t level)
{
    espat_pin_change changes[4];
    size_t count;
    uint32_t before, after;
    uint64_t end = now + 60 * HZ;

    do {
        check(espat_module_rts(world, module, &before));
        if (!step(end)) {
            fail("RTS does not change");
        }
        changes[0].size = sizeof changes[0];
        check(espat_pin_take(world, module, changes, 4, &count));
    } while (count == 0);
    check(espat_module_rts(world, module, &after));
    if (count != 1 || changes[0].pin != ESPAT_OUTPUT_PIN_MODULE_RTS || changes[0].level != level) {
        fail("not the change that was to come");
    }
    if (before == level || after != level) {
        fail("the level does not change with the change");
    }
    if (changes[0].tick != now || changes[0].ns > now * 100 || changes[0].ns + 100 <= now * 100) {
        fail("the change is not at the tick that espat_next_event() named");
    }
    changes[1].size = sizeof changes[1];
    check(espat_pin_take(world, module, changes + 1, 3, &count));
    if (count != 0) {
        fail("a change was handed out twice");
    }
    printf("rts %" PRIu64 " %" PRIu64 " %" PRIu32 "\n", changes[0].tick, changes[0].ns, changes[0].level);
    return changes[0];
}

int main(int argc, char **argv)
{
    static uint8_t stream[12000];
    espat_world_options options;
    espat_attach_options attach;
    espat_pin_change high, low;
    uint64_t digest;

    if (argc != 2) {
        fprintf(stderr, "usage: rts SCENARIO\n");
        return 2;
    }
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.scenario_path = argv[1];
    options.record = ESPAT_RECORD_PINS;
    check(espat_world_new(&options, &world));
    memset(&attach, 0, sizeof attach);
    attach.size = sizeof attach;
    attach.timebase_hz = HZ;
    attach.obeys_rts = ESPAT_OBEYS_RTS_YES;
    check(espat_attach(world, "wifi", &attach, &module));
    expect("", "\r\nready\r\n");
    expect("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    expect("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "\r\nOK\r\n");
    expect("AT+CIPSTART=\"TCP\",\"192.168.1.20\",5000\r\n", "\r\nOK\r\n");
    expect("AT+CIPMODE=1\r\n", "\r\nOK\r\n");
    expect("AT+CIPSEND\r\n", "\r\n>");
    console("host pc pause");
    memset(stream, 'x', sizeof stream);
    /* More than everything on the way can keep, in two pieces. */
    check(espat_uart_write_block(world, module, now, stream, sizeof stream));
    check(espat_uart_write_block(world, module, now, stream, sizeof stream));
    high = until_change(1);
    console("host pc resume");
    low = until_change(0);
    if (low.ns <= high.ns) {
        fail("RTS goes low before it goes high");
    }
    check(espat_world_digest(world, &digest));
    printf("digest %016" PRIx64 "\n", digest);
    check(espat_world_free(world));
    return 0;
}
