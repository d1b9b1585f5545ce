/*
 * Embedded software that handles the UART as its interrupt allows, and no driver of this project does: one byte per interrupt,
 * receiving that is switched off while bytes come, a transmit interrupt that finds nothing to send at first. And EN at a GPIO.
 */
#include <stdio.h>
#include <string.h>

#include <zephyr/drivers/gpio/gpio_emul.h>
#include <zephyr/drivers/uart.h>

#include "cpu.h"
#include "nsi_hw_scheduler.h"
#include "nsi_main.h"

enum { MILLISECOND = 1000, SECOND = 1000 * MILLISECOND, EN_PIN = 3 };

static const struct device *const uart = &device_of_the_tree;
static const struct uart_driver_api *api;
static char in[1024];
static size_t in_count, out_count;
static const char *out;
static bool one_at_a_time;

static void handle(const struct device *dev, void *user_data)
{
    (void)user_data;
    api->irq_update(dev);
    if (api->irq_rx_ready(dev) && in_count < sizeof in - 1) {
        in_count += (size_t)api->fifo_read(dev, (uint8_t *)in + in_count, 1);
        in[in_count] = '\0';
    }
    if (api->irq_tx_ready(dev) > 0 && out_count > 0) {
        size_t sent = (size_t)api->fifo_fill(dev, (const uint8_t *)out, one_at_a_time ? 1 : (int)out_count);

        out += sent;
        out_count -= sent;
    }
}

static void wait(uint64_t time)
{
    uint64_t end = nsi_hws_get_time() + time;

    while (nsi_hws_get_time() < end) {
        halt(end);
    }
}

static void must_say(const char *what, const char *word, uint64_t patience)
{
    uint64_t end = nsi_hws_get_time() + patience;

    while (strstr(in, word) == NULL && nsi_hws_get_time() < end) {
        halt(end);
    }
    if (strstr(in, word) == NULL) {
        printf("FAIL: %s: no %s, but '%s', and %u bytes were not sent\n", what, word, in, (unsigned)out_count);
        nsi_exit(1);
    }
    in[in_count = 0] = '\0';
}

static void put(const char *text)
{
    out = text;
    out_count = strlen(text);
}

static void drive(bool output, bool high)
{
    gpio_of_the_tree.output = output;
    gpio_of_the_tree.high = high;
    gpio_of_the_tree.told->handler(NULL, gpio_of_the_tree.told, BIT(EN_PIN));
}

static void receiving(void)
{
    api->irq_rx_disable(uart);
    put("AT\r\n");
    api->irq_tx_enable(uart);
    wait(100 * MILLISECOND);
    api->irq_tx_disable(uart);
    if (in_count != 0) {
        printf("FAIL: receiving is off, and an interrupt came\n");
        nsi_exit(1);
    }
    api->irq_rx_enable(uart);
    must_say("bytes that came while receiving was off, one per interrupt", "OK\r\n", 100 * MILLISECOND);
}

static void transmitting(void)
{
    static char blanks[601];

    api->irq_tx_enable(uart);
    wait(100 * MILLISECOND);
    put("AT+GMR\r\n");
    must_say("a command for a transmit interrupt that found none before", "\r\nOK\r\n", 300 * MILLISECOND);
    one_at_a_time = true;
    put("AT\r\n");
    must_say("a command, one byte per interrupt", "OK\r\n", 100 * MILLISECOND);
    one_at_a_time = false;
    memset(blanks, ' ', sizeof blanks - 1);
    put(blanks);
    wait(100 * MILLISECOND);
    if (out_count != 0) {
        printf("FAIL: %u bytes of more than the FIFO holds were not sent\n", (unsigned)out_count);
        nsi_exit(1);
    }
    api->irq_tx_disable(uart);
}

static void reset(void)
{
    drive(true, false);
    wait(20 * MILLISECOND);
    in[in_count = 0] = '\0';
    wait(SECOND);
    if (in_count != 0) {
        printf("FAIL: EN is low, and the module says '%s'\n", in);
        nsi_exit(1);
    }
    drive(true, true);
    must_say("EN high", "ready\r\n", 2 * SECOND);
    drive(true, false);
    wait(20 * MILLISECOND);
    drive(false, false);
    must_say("a pin that is no output any more", "ready\r\n", 2 * SECOND);
}

void start(void)
{
    if (uart->init(uart) != 0) {
        printf("the UART can't be set up\n");
        nsi_exit(1);
    }
    api = uart->api;
    api->irq_callback_set(uart, handle, NULL);
    api->irq_rx_enable(uart);
    must_say("the start", "ready\r\n", 2 * SECOND);
    receiving();
    transmitting();
    reset();
    printf("PASS\n");
    nsi_exit(0);
}
