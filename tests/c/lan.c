/*
 * A device with Ethernet on the module's LAN: it asks for the module's MAC address and pings it, frame by frame by hand.
 *
 *     lan CAPTURE
 *
 * Prints each frame that the device gets, and the digest.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

static const uint8_t MAC[6] = {0x02, 0x55, 0, 0, 0, 1};
/* 192.168.1.77, and the module at 192.168.1.100. */
static const uint8_t DEVICE[4] = {192, 168, 1, 77};
static const uint8_t MODULE[4] = {192, 168, 1, 100};

static espat_world *world;
static uint32_t module, port;

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "status %" PRIu32 " (%s): %s\n", status, espat_status_text(status), espat_last_error());
        exit(1);
    }
}

static void say(uint64_t at, const char *text)
{
    check(espat_uart_write_block(world, module, at, (const uint8_t *)text, strlen(text)));
}

/* Ethernet's and ARP's or IPv4's fields up to the payload. Returns the frame's length. */
static size_t arp_request(uint8_t *frame)
{
    static const uint8_t head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};

    memset(frame, 0xff, 6);
    memcpy(frame + 6, MAC, 6);
    memcpy(frame + 12, head, sizeof head);
    memcpy(frame + 22, MAC, 6);
    memcpy(frame + 28, DEVICE, 4);
    memset(frame + 32, 0, 6);
    memcpy(frame + 38, MODULE, 4);
    return 42;
}

static void checksum(uint8_t *at, const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0;
    size_t i;

    at[0] = at[1] = 0;
    for (i = 0; i + 1 < length; i += 2) {
        sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    at[0] = (uint8_t)(sum >> 8);
    at[1] = (uint8_t)sum;
}

static size_t echo_request(uint8_t *frame, const uint8_t *to)
{
    static const uint8_t ip[] = {8, 0, 0x45, 0, 0, 36, 0, 1, 0, 0, 64, 1};
    static const uint8_t icmp[] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'h', 'e', 'l', 'l', 'o', '!', '!', '!'};

    memcpy(frame, to, 6);
    memcpy(frame + 6, MAC, 6);
    memcpy(frame + 12, ip, sizeof ip);
    memcpy(frame + 26, DEVICE, 4);
    memcpy(frame + 30, MODULE, 4);
    checksum(frame + 24, frame + 14, 20);
    memcpy(frame + 34, icmp, sizeof icmp);
    checksum(frame + 36, frame + 34, sizeof icmp);
    return 50;
}

/* Lets time pass and takes what comes. Returns the length of the last frame of this protocol, which is in `bytes`. */
static size_t wait_for(uint64_t until, uint8_t protocol, uint8_t *bytes)
{
    espat_lan_frame frame;
    uint8_t next[1518];
    size_t found = 0;

    memset(&frame, 0, sizeof frame);
    frame.size = sizeof frame;
    check(espat_advance(world, module, until));
    for (;;) {
        check(espat_lan_take(world, port, &frame, next, sizeof next));
        if (frame.length == 0) {
            return found;
        }
        printf("frame at %" PRIu64 ": %lu bytes\n", frame.ns, (unsigned long)frame.length);
        if (next[12] == 8 && next[13] == protocol && memcmp(next, MAC, 6) == 0) {
            memcpy(bytes, next, frame.length);
            found = frame.length;
        }
    }
}

int main(int argc, char **argv)
{
    espat_world_options options;
    uint8_t request[64], answer[1518];
    uint64_t digest;
    size_t length;

    if (argc != 2) {
        fprintf(stderr, "usage: lan CAPTURE\n");
        return 2;
    }
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.capture_path = argv[1];
    check(espat_world_new(&options, &world));
    check(espat_attach(world, "wifi", NULL, &module));
    check(espat_lan_attach(world, "home", &port));
    say(1000 * MS, "AT+CWMODE=1\r\n");
    say(1100 * MS, "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
    wait_for(8000 * MS, 0, answer);

    check(espat_lan_send(world, port, 8000 * MS, request, arp_request(request)));
    length = wait_for(8050 * MS, 6, answer);
    if (length < 42 || answer[21] != 2) {
        printf("nobody answers who has the address\n");
        return 1;
    }
    check(espat_lan_send(world, port, 8050 * MS, request, echo_request(request, answer + 6)));
    length = wait_for(8100 * MS, 0, answer);
    if (length != 50 || answer[34] != 0 || memcmp(answer + 38, request + 38, 12) != 0) {
        printf("the module does not answer the ping\n");
        return 1;
    }
    check(espat_lan_detach(world, port));
    check(espat_world_digest(world, &digest));
    check(espat_world_free(world));
    printf("digest %016" PRIx64 "\n", digest);
    return 0;
}
