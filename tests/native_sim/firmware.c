/*
 * The embedded software: tests/firmware as it stands, on a board whose module is behind a Zephyr UART driver. Bytes come in and
 * go out by interrupts; short pieces are sent by polling, as Zephyr's modem drivers do.
 */
#include <stdio.h>
#include <stdlib.h>

#include <zephyr/drivers/uart.h>

#include "board.h"
#include "core.h"
#include "cpu.h"
#include "module_uart.h"
#include "nsi_hw_scheduler.h"
#include "nsi_main.h"

enum { MILLISECOND_US = 1000, RING = 4096, SHORT_PIECE = 16 };

int firmware_main(void);

/* ---- the UART ------------------------------------------------------------------------------------------------------- */

static const struct device *const uart = &device_of_the_tree;
static const struct uart_driver_api *api;
static module_uart_stats stats;

static struct {
    uint8_t bytes[RING];
    size_t first, count;
} in, out;

static void uart_interrupt(const struct device *dev, void *user_data)
{
    (void)user_data;
    api->irq_update(dev);
    while (api->irq_rx_ready(dev)) {
        uint8_t byte;

        if (api->fifo_read(dev, &byte, 1) != 1) {
            break;
        }
        if (in.count == RING) {
            stats.dropped++;
            continue;
        }
        in.bytes[(in.first + in.count++) % RING] = byte;
    }
    while (api->irq_tx_ready(dev) > 0) {
        if (out.count == 0) {
            api->irq_tx_disable(dev);
            break;
        }
        if (api->fifo_fill(dev, &out.bytes[out.first], 1) == 1) {
            out.first = (out.first + 1) % RING;
            out.count--;
        }
    }
    if (api->err_check(dev) & UART_ERROR_OVERRUN) {
        stats.overruns++;
    }
}

void start(void)
{
    if (uart->init(uart) != 0) {
        printf("the UART can't be set up\n");
        nsi_exit(1);
    }
    api = uart->api;
    api->irq_callback_set(uart, uart_interrupt, NULL);
    api->irq_rx_enable(uart);
    nsi_exit(firmware_main());
}

/* ---- what the firmware calls ---------------------------------------------------------------------------------------- */

uint32_t systick_millis(void)
{
    return (uint32_t)(nsi_hws_get_time() / MILLISECOND_US);
}

const char *board_name(void)
{
    return "native_sim";
}

uint32_t board_core_clock(void)
{
    return 0;
}

void board_console_write(const char *text, size_t count)
{
    fwrite(text, 1, count, stdout);
}

unsigned board_module_flow_control(void)
{
    return 3;
}

size_t module_uart_read(uint8_t *bytes, size_t capacity)
{
    size_t count = 0;

    while (count < capacity && in.count > 0) {
        bytes[count++] = in.bytes[in.first];
        in.first = (in.first + 1) % RING;
        in.count--;
    }
    stats.rx_bytes += (uint32_t)count;
    return count;
}

void module_uart_write(const uint8_t *bytes, size_t count)
{
    stats.tx_bytes += (uint32_t)count;
    if (count <= SHORT_PIECE && out.count == 0) {
        for (size_t i = 0; i < count; i++) {
            api->poll_out(uart, bytes[i]);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        while (out.count == RING) {
            halt(nsi_hws_get_time() + MILLISECOND_US);
        }
        out.bytes[(out.first + out.count++) % RING] = bytes[i];
    }
    api->irq_tx_enable(uart);
}

/* Until a byte comes, or the next millisecond, as SysTick would wake a core. */
void module_uart_idle(void)
{
    uint64_t now = nsi_hws_get_time();

    if (in.count == 0) {
        halt(now - now % MILLISECOND_US + MILLISECOND_US);
    }
}

bool module_uart_sent(void)
{
    return out.count == 0 && api->irq_tx_complete(uart) != 0;
}

void module_uart_set_baud(uint32_t baud)
{
    struct uart_config config;

    while (!module_uart_sent()) {
        halt(nsi_hws_get_time() + MILLISECOND_US);
    }
    api->config_get(uart, &config);
    config.baudrate = baud;
    if (api->configure(uart, &config) != 0) {
        printf("the UART can't do %u baud\n", (unsigned)baud);
        nsi_exit(1);
    }
}

const module_uart_stats *module_uart_statistics(void)
{
    return &stats;
}
