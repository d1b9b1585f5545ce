/*
 * An AT host in C, on the C ABI alone: boots the module of the built-in scenario, joins the access point, asks an
 * HTTP server for a page, checks it, and prints what was said, the statistics and the digest.
 *
 *     dialogue CAPTURE LOG [SEED]
 *
 * CAPTURE is what Wireshark opens, LOG what `espat-sim replay` runs again. The exit code is 0 if all is well.
 *
 * To build it: cc -std=c99 dialogue.c $(pkg-config --cflags --libs espat-sim)
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

/* A driver: the world, its module, its clock, and what has come and was not used yet. */
static espat_world *world;
static uint32_t module;
static uint64_t now;
static char received[4096];
static size_t received_length;

static void fail(const char *what)
{
    fprintf(stderr, "FAIL at %" PRIu64 " ns: %s\n", now, what);
    exit(1);
}

/* Every call answers a status; the library has the sentence. */
static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fail(espat_last_error());
    }
}

/* Takes the bytes that have come by now. Many at once: one call for up to 64 of them. */
static void take_bytes(void)
{
    espat_uart_byte bytes[64];
    size_t count;

    do {
        size_t i;
        check(espat_uart_take(world, module, bytes, 64, &count));
        for (i = 0; i < count; i++) {
            if (received_length == sizeof received - 1) {
                fail("the host's buffer is full");
            }
            received[received_length++] = (char)bytes[i].byte;
        }
    } while (count == 64);
    received[received_length] = '\0';
}

/*
 * Goes to the module's next event, but not beyond `end`. Answers 0 when `end` has come. This is all there is to a
 * driver: time stands still until somebody moves it.
 */
static int step(uint64_t end)
{
    uint64_t next;

    check(espat_next_event(world, module, &next));
    now = next < end ? next : end;
    check(espat_advance(world, module, now));
    take_bytes();
    return now < end;
}

/* Forgets the first `length` bytes received. */
static void use(size_t length)
{
    received_length -= length;
    memmove(received, received + length, received_length + 1);
}

/* Lets time pass until `text` has come, for at most `time` ns; uses what came up to its end. */
static void wait_for(const char *text, uint64_t time)
{
    uint64_t end = now + time;
    const char *found;

    while ((found = strstr(received, text)) == NULL) {
        if (strstr(received, "ERROR") != NULL) {
            fail("the module answered ERROR");
        }
        if (!step(end) && strstr(received, text) == NULL) {
            fprintf(stderr, "waiting for '%s', have '%s'\n", text, received);
            fail("an answer did not come in time");
        }
    }
    use((size_t)(found - received) + strlen(text));
}

/* Stores text into the MCU's UART, all of it now: the library puts it on the wire byte after byte. */
static void send_text(const char *text)
{
    check(espat_uart_write_block(world, module, now, (const uint8_t *)text, strlen(text)));
}

static void command(const char *line, uint64_t time)
{
    send_text(line);
    send_text("\r\n");
    wait_for("\r\nOK\r\n", time);
}

/* Collects the payload of +IPD messages until the server has closed the connection. */
static size_t read_answer(char *answer, size_t capacity)
{
    size_t length = 0;

    for (;;) {
        size_t size;
        wait_for("\r\n+IPD,", 10 * SECOND);
        while (strchr(received, ':') == NULL && step(now + SECOND)) {
        }
        size = strtoul(received, NULL, 10);
        use((size_t)(strchr(received, ':') + 1 - received));
        while (received_length < size && step(now + 10 * SECOND)) {
        }
        if (received_length < size || length + size >= capacity) {
            fail("+IPD says more bytes than there are, or than there is room for");
        }
        memcpy(answer + length, received, size);
        length += size;
        use(size);
        /* The next thing is another +IPD, or CLOSED. */
        while (strstr(received, "+IPD,") == NULL && strstr(received, "CLOSED\r\n") == NULL) {
            if (!step(now + 30 * SECOND)) {
                fail("the server did not close the connection");
            }
        }
        if (strstr(received, "+IPD,") == NULL) {
            answer[length] = '\0';
            return length;
        }
    }
}

/* Shows what was said, line by line, with virtual times. */
static void print_dialogue(void)
{
    uint8_t bytes[4096];
    espat_packet packet;

    memset(&packet, 0, sizeof packet);
    packet.size = sizeof packet;
    for (;;) {
        size_t i;
        check(espat_dialogue_take(world, &packet, bytes, sizeof bytes));
        if (packet.kind == ESPAT_PACKET_KIND_NONE) {
            return;
        }
        printf("%6" PRIu64 ".%06" PRIu64 "  %s  ", packet.ns / SECOND, packet.ns % SECOND / 1000,
               packet.from == ESPAT_SIDE_MCU ? "MCU ->" : "ESP <-");
        for (i = 0; i < packet.length; i++) {
            if (bytes[i] >= ' ' && bytes[i] <= '~') {
                putchar(bytes[i]);
            }
        }
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n";
    espat_world_options options;
    espat_statistics statistics;
    char answer[2048];
    char line[64];
    char text[ESPAT_DIGEST_TEXT_SIZE];
    const char *warning;
    uint64_t digest;

    if (argc < 3) {
        fprintf(stderr, "usage: dialogue CAPTURE LOG [SEED]\n");
        return 2;
    }
    if (espat_abi_version() != ESPAT_ABI_VERSION) {
        fprintf(stderr, "the library is not the one of this header: ABI %" PRIu32 "\n", espat_abi_version());
        return 2;
    }

    /* Everything that is zero has its default: the built-in scenario, and its seed. */
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.record = ESPAT_RECORD_DIALOGUE;
    options.capture_path = argv[1];
    options.input_log_path = argv[2];
    if (argc > 3) {
        options.seed = strtoull(argv[3], NULL, 10);
        options.seed_given = 1;
    }
    check(espat_world_new(&options, &world));
    check(espat_attach(world, "wifi", NULL, &module));

    /* Power is on at the start. A reset by the EN pin shows that it is the MCU's: low for 10 ms. */
    check(espat_pin_set(world, module, now, ESPAT_PIN_EN, 0));
    now += SECOND / 100;
    check(espat_pin_set(world, module, now, ESPAT_PIN_EN, 1));
    wait_for("\r\nready\r\n", 5 * SECOND);

    command("ATE0", SECOND);
    command("AT+CWMODE=1", SECOND);
    command("AT+CWJAP=\"espat-sim\",\"correct horse\"", 20 * SECOND);
    command("AT+CIPSTART=\"TCP\",\"www.example.com\",80", 10 * SECOND);
    sprintf(line, "AT+CIPSEND=%u\r\n", (unsigned)(sizeof request - 1));
    send_text(line);
    wait_for("\r\nOK\r\n\r\n>", SECOND);
    send_text(request);
    wait_for("\r\nSEND OK\r\n", 10 * SECOND);
    read_answer(answer, sizeof answer);

    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0) {
        fail("the server did not answer 200");
    }
    if (strstr(answer, "\r\n\r\nespat-sim says hello\n") == NULL) {
        fail("the page is not the one of the scenario");
    }

    /* Finishing writes out what is under way and closes the files; it is also when their errors are told. */
    check(espat_world_finish(world));
    print_dialogue();
    do {
        check(espat_warning_take(world, &warning));
        if (warning != NULL) {
            printf("warning: %s\n", warning);
        }
    } while (warning != NULL);
    memset(&statistics, 0, sizeof statistics);
    statistics.size = sizeof statistics;
    check(espat_statistics_read(world, module, &statistics));
    printf("bytes to the module %" PRIu64 ", from it %" PRIu64 "; frames sent %" PRIu64 ", received %" PRIu64 "\n",
           statistics.mcu_bytes, statistics.module_bytes, statistics.frames_sent, statistics.frames_received);
    check(espat_world_digest(world, &digest));
    check(espat_digest_text(digest, text, sizeof text));
    printf("digest %s\n", text);
    check(espat_world_free(world));
    return 0;
}
