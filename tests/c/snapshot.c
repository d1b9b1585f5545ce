/*
 * A conversation with the module that is saved in the middle, and one that begins with what was saved.
 *
 *     snapshot save SNAPSHOT CAPTURE
 *     snapshot restore SNAPSHOT CAPTURE
 *
 * Either prints what the MCU gets from the middle on, and the digest at the end.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

static const struct {
    uint64_t at;
    const char *text;
} COMMANDS[] = {
    {1000 * MS, "AT+CWMODE=1\r\n"},
    {1100 * MS, "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n"},
    {8000 * MS, "AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n"},
    {9000 * MS, "AT+CWJAP?\r\n"},
};

/* While the line of AT+CIPSTART is on the wire. */
static const uint64_t MIDDLE = 8001 * MS;
static const uint64_t END = 10000 * MS;

static espat_world *world;
static uint32_t module;

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "status %" PRIu32 " (%s): %s\n", status, espat_status_text(status), espat_last_error());
        exit(1);
    }
}

static void take(int print)
{
    espat_uart_byte bytes[64];
    size_t count, i;

    do {
        check(espat_uart_take(world, module, bytes, 64, &count));
        for (i = 0; print && i < count; i++) {
            printf("%" PRIu64 " %02x\n", bytes[i].tick, (unsigned)bytes[i].byte);
        }
    } while (count == 64);
}

/* Stores what is stored after `from` and up to `to`. */
static void go(uint64_t from, uint64_t to, int print)
{
    size_t i;

    for (i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (COMMANDS[i].at > from && COMMANDS[i].at <= to) {
            const char *text = COMMANDS[i].text;
            check(espat_uart_write_block(world, module, COMMANDS[i].at, (const uint8_t *)text, strlen(text)));
        }
    }
    check(espat_advance(world, module, to));
    take(print);
}

static void save(const char *path)
{
    uint8_t piece[1000];
    uint64_t length, done = 0;
    FILE *file = fopen(path, "wb");

    if (file == NULL) {
        exit(1);
    }
    do {
        check(espat_world_snapshot(world, done, piece, sizeof piece, &length));
        done += fwrite(piece, 1, length - done < sizeof piece ? (size_t)(length - done) : sizeof piece, file);
    } while (done < length);
    fclose(file);
}

static void restore(const char *path, const espat_world_options *options)
{
    static uint8_t snapshot[100000];
    FILE *file = fopen(path, "rb");
    size_t length;

    if (file == NULL) {
        exit(1);
    }
    length = fread(snapshot, 1, sizeof snapshot, file);
    fclose(file);
    check(espat_world_restore(snapshot, length, options, &world));
}

int main(int argc, char **argv)
{
    espat_world_options options;
    uint64_t digest, reached;

    if (argc != 4) {
        fprintf(stderr, "usage: snapshot save|restore SNAPSHOT CAPTURE\n");
        return 2;
    }
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.record = ESPAT_RECORD_SNAPSHOT;
    options.capture_path = argv[3];
    if (strcmp(argv[1], "save") == 0) {
        check(espat_world_new(&options, &world));
        check(espat_attach(world, "wifi", NULL, &module));
        go(0, MIDDLE, 0);
        save(argv[2]);
    } else {
        restore(argv[2], &options);
        module = 0;
        check(espat_reached(world, module, &reached));
        if (reached != MIDDLE) {
            fprintf(stderr, "the module is at %" PRIu64 "\n", reached);
            return 1;
        }
    }
    go(MIDDLE, END, 1);
    check(espat_world_digest(world, &digest));
    check(espat_world_free(world));
    printf("digest %016" PRIx64 "\n", digest);
    return 0;
}
