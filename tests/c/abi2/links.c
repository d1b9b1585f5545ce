/*
 * Facts instead of sentences: what a module is doing, its links, what happened after a point, and what a host received,
 * asked for while a client comes to the module's own server, a datagram is lost, and the module is reset, loses its power
 * and sleeps.
 *
 *     links SCENARIO
 *
 * SCENARIO has an access point `home` and a host `pc` at 192.168.1.20 with a terminal at TCP port 23 and UDP port 5000. It
 * expects that the module joins `home`, and that it never says `ready`.
 * The exit code is 0 if all is as it should be.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static espat_world *world;
static uint32_t module;
static uint64_t now;

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "FAIL: status %" PRIu32 ": %s\n", status, espat_last_error());
        exit(1);
    }
}

static void expect(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "FAIL: %s\n", what);
        exit(1);
    }
}

static void wait_for(uint64_t time)
{
    now += time;
    check(espat_advance(world, module, now));
}

static void console(const char *line)
{
    check(espat_world_console(world, line, NULL));
}

static uint64_t here(void)
{
    uint64_t count;

    check(espat_observation_count(world, &count));
    return count;
}

/* The first event of this kind after `from`; `event` is ESPAT_EVENT_KIND_NONE when there was none. */
static espat_observation find(uint64_t from, uint32_t kind)
{
    espat_observation found;

    do {
        memset(&found, 0, sizeof found);
        found.size = sizeof found;
        check(espat_observation_read(world, from, &found));
        from = found.number + 1;
    } while (found.event != ESPAT_EVENT_KIND_NONE && found.event != kind);
    return found;
}

/* The module is told `line` and answers OK within ten seconds. */
static void tell(const char *line)
{
    uint64_t from = here(), end = now + 10 * SECOND;
    espat_observation reply;

    check(espat_uart_write_block(world, module, now, (const uint8_t *)line, strlen(line)));
    check(espat_uart_write_block(world, module, now, (const uint8_t *)"\r\n", 2));
    do {
        wait_for(SECOND / 100);
        reply = find(from, ESPAT_EVENT_KIND_REPLY);
        while (reply.event != ESPAT_EVENT_KIND_NONE && (reply.length != 2 || memcmp(reply.data, "OK", 2) != 0)) {
            reply = find(reply.number + 1, ESPAT_EVENT_KIND_REPLY);
        }
        if (now > end) {
            fprintf(stderr, "FAIL: no OK to %s\n", line);
            exit(1);
        }
    } while (reply.event == ESPAT_EVENT_KIND_NONE);
}

/* How many links are open; the first two of them. */
static size_t links(espat_link found[2])
{
    size_t count;

    memset(found, 0, 2 * sizeof *found);
    found[0].size = sizeof *found;
    check(espat_links_read(world, module, found, 2, &count));
    return count;
}

static espat_module_status state(void)
{
    espat_module_status status;

    memset(&status, 0, sizeof status);
    status.size = sizeof status;
    check(espat_module_state(world, module, &status));
    return status;
}

static void join(void)
{
    tell("ATE0");
    tell("AT+CWMODE=1");
    tell("AT+CWJAP=\"espat-sim\",\"correct horse\"");
    tell("AT+CIPMUX=1");
}

static void states(void)
{
    espat_module_status is = state();

    expect(is.power == ESPAT_POWER_BOOTING && strcmp(is.text, "booting") == 0, "it boots first");
    wait_for(SECOND);
    is = state();
    expect(is.power == ESPAT_POWER_ON && is.wifi == ESPAT_WIFI_NOT_JOINED, "it runs and has not joined");
    expect(is.baud == 115200 && is.data_bits == 8 && is.mcu_baud == 115200, "115200 8n1 at both ends");
    expect(is.access_point[0] == '\0' && is.ipv4[0] == '\0', "it has no address");
    check(espat_uart_write_block(world, module, now, (const uint8_t *)"AT\r\n", 4));
    expect(state().mcu_queued == 4, "four bytes are stored");
    wait_for(SECOND);
    expect(state().mcu_queued == 0, "they are sent");
    join();
    is = state();
    expect(is.wifi == ESPAT_WIFI_JOINED && strcmp(is.access_point, "home") == 0, "it has joined");
    expect(strcmp(is.ipv4, "192.168.1.100") == 0, "it has an address");
    expect(strcmp(is.text, "joined 'home' as 192.168.1.100") == 0, "the words for it");
    expect(is.multiple == 1 && is.passive == 0 && is.passthrough == 0 && is.server_port == 0, "its modes");
}

static void expectations(void)
{
    espat_expectation is;
    size_t count;

    memset(&is, 0, sizeof is);
    is.size = sizeof is;
    check(espat_expectation_count(world, &count));
    expect(count == 2, "the scenario expects two things");
    check(espat_expectation_read(world, 0, &is));
    expect(is.outcome == ESPAT_OUTCOME_MET && is.ns > 0 && is.ns < now && is.why[0] == '\0', "it has joined");
    expect(strcmp(is.text, "wifi station joined home") == 0 && is.line > 0, "the line of the scenario");
    check(espat_expectation_read(world, 1, &is));
    expect(is.outcome == ESPAT_OUTCOME_FAILED && strstr(is.why, "happened, which it must not") != NULL, "it has run");
}

static void clients_of_the_modules_server(void)
{
    espat_link open[2];
    espat_observation seen;
    uint64_t from, length;
    uint8_t bytes[8];

    tell("AT+CIPSERVER=1,8080");
    expect(state().server_port == 8080, "the server runs");
    from = here();
    console("host pc connect wifi 8080");
    wait_for(SECOND);
    expect(links(open) == 1 && open[0].id == 0 && open[0].accepted == 1, "a client of the server is a link");
    expect(open[0].protocol == ESPAT_PROTOCOL_TCP && strcmp(open[0].kind, "TCP") == 0, "its protocol");
    expect(strcmp(open[0].address, "192.168.1.20") == 0 && open[0].local_port == 8080, "its ends");
    seen = find(from, ESPAT_EVENT_KIND_LINK_ACCEPTED);
    expect(seen.event != ESPAT_EVENT_KIND_NONE && seen.link == 0, "the event has the link's number");
    expect(strcmp(seen.peer, open[0].peer) == 0 && strcmp(seen.subject, "wifi") == 0, "and its other end");
    expect(strcmp(seen.kind, "link") == 0 && strncmp(seen.text, "0 accepted TCP ", 15) == 0, "and the sentence");

    /* What the host received, whole and without taking it. */
    tell("AT+CIPSEND=0,5");
    check(espat_uart_write_block(world, module, now, (const uint8_t *)"a\0b\r\n", 5));
    wait_for(SECOND);
    check(espat_host_received(world, "pc", ESPAT_PROTOCOL_TCP, 0, bytes, sizeof bytes, &length));
    expect(length == 5 && memcmp(bytes, "a\0b\r\n", 5) == 0, "the host has received all of it");
    check(espat_host_received(world, "pc", ESPAT_PROTOCOL_TCP, 2, bytes, 1, &length));
    expect(length == 5 && bytes[0] == 'b', "a part of it, from the third byte on");
    check(espat_host_received(world, "pc", ESPAT_PROTOCOL_UDP, 0, NULL, 0, &length));
    expect(length == 0, "nothing came over UDP");
    seen = find(from, ESPAT_EVENT_KIND_TCP_TERMINAL_RECEIVED);
    expect(seen.length == 5 && memcmp(seen.data, "a\0b\r\n", 5) == 0 && seen.count == 5, "the event has the bytes");
    expect(strcmp(seen.subject, "pc") == 0, "and the host");
}

static void loss(void)
{
    static const char words[] = "host pc datagram wifi 4321 ";
    char line[sizeof words + 5000];
    espat_link open[2];
    espat_observation lost;
    uint64_t from = here();
    int i;

    tell("AT+CIPRECVMODE=1");
    tell("AT+CIPSTART=1,\"UDP\",\"192.168.1.20\",5000,4321,0");
    memcpy(line, words, sizeof words - 1);
    memset(line + sizeof words - 1, 'x', 5000);
    line[sizeof line - 1] = '\0';
    for (i = 0; i < 2; i++) {
        console(line);
        wait_for(SECOND);
    }
    lost = find(from, ESPAT_EVENT_KIND_LINK_LOST);
    expect(lost.link == 1 && lost.count == 5000, "the second datagram finds no room");
    expect(links(open) == 2 && open[1].id == 1 && open[1].passive == 1, "the link stays open");
    expect(open[1].waiting == 5000 && open[1].protocol == ESPAT_PROTOCOL_UDP, "the first datagram waits");
    tell("AT+CIPRECVMODE=0");
}

static void gone(const char *after)
{
    espat_link open[2];

    if (links(open) != 0) {
        fprintf(stderr, "FAIL: after %s, %s is still said to be open\n", after, open[0].peer);
        exit(1);
    }
}

/* A link, open on a module that runs. */
static void open_link(void)
{
    espat_link open[2];

    join();
    tell("AT+CIPSTART=3,\"TCP\",\"192.168.1.20\",23");
    expect(links(open) == 1 && open[0].id == 3 && open[0].accepted == 0, "the module has opened link 3");
    expect(strcmp(open[0].peer, "192.168.1.20:23") == 0 && open[0].port == 23, "its other end");
}

int main(int argc, char **argv)
{
    espat_world_options options;

    if (argc != 2) {
        fprintf(stderr, "usage: links SCENARIO\n");
        return 2;
    }
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.scenario_path = argv[1];
    options.record = ESPAT_RECORD_OBSERVATIONS | ESPAT_RECORD_HOST_RECEIVED;
    check(espat_world_new(&options, &world));
    check(espat_attach(world, "wifi", NULL, &module));

    states();
    expectations();
    clients_of_the_modules_server();
    loss();

    tell("AT+RST");
    gone("AT+RST");
    wait_for(5 * SECOND);
    gone("the start after AT+RST");

    open_link();
    check(espat_pin_set(world, module, now, ESPAT_PIN_EN, 0));
    gone("EN low");
    expect(state().power == ESPAT_POWER_OFF && state().multiple == 0, "it is off");
    check(espat_pin_set(world, module, now, ESPAT_PIN_EN, 1));
    gone("a power cut");
    wait_for(5 * SECOND);

    open_link();
    tell("AT+GSLP=1000");
    wait_for(SECOND / 2);
    expect(state().power == ESPAT_POWER_ASLEEP, "it sleeps");
    gone("deep sleep has begun");
    wait_for(5 * SECOND);
    gone("deep sleep");

    check(espat_world_free(world));
    printf("PASS\n");
    return 0;
}
