/*
 * nRF52840 DK (Cortex-M4, 64 MHz). UARTs with EasyDMA: UARTE0 on P0.06/P0.08 is
 * the console, UARTE1 on P1.02/P1.01 the module, with CTS and RTS on P1.03/P1.04.
 *
 * On silicon SysTick stands still while the core sleeps, so a product counts
 * milliseconds with an RTC; emulators let it run.
 */
#include "board.h"

#include "core.h"
#include "module_uart.h"

#define CLOCK_HZ 64000000u

/* Values of the data sheet: what they give is 0.6 and 2.1 % fast. */
#define BAUD_115200 0x01D60000u
#define BAUD_921600 0x0F000000u

#define TASK_START_RX 0x000u
#define TASK_START_TX 0x008u
#define EVENT_RX_READY 0x108u
#define EVENT_RX_END 0x110u
#define EVENT_TX_END 0x120u
#define EVENT_ERROR 0x124u
#define INT_ENABLE_SET 0x304u
#define ERROR_SOURCE 0x480u
#define ENABLE 0x500u
#define PIN_RTS 0x508u
#define PIN_TX 0x50Cu
#define PIN_CTS 0x510u
#define PIN_RX 0x514u
#define BAUD_RATE 0x524u
#define RX_POINTER 0x534u
#define RX_MAX_COUNT 0x538u
#define TX_POINTER 0x544u
#define TX_MAX_COUNT 0x548u
#define CONFIG 0x56Cu

#define CONSOLE(offset) REG32(0x40002000u + (offset))
#define MODULE(offset) REG32(0x40028000u + (offset))

#define PIN(port, number) ((port) << 5 | (number))

enum { ENABLE_EASY_DMA = 8, CONFIG_FLOW_CONTROL = 1, INT_RX_END = 1u << 4,
       ERROR_OVERRUN = 1u << 0 };
enum { IRQ_MODULE = 40, IRQS = 48 };
enum { TX_CHUNK = 32 };

static uint8_t module_rx_byte; /* where EasyDMA puts the byte that arrives */

static void module_handler(void)
{
    if (MODULE(EVENT_ERROR)) {
        MODULE(EVENT_ERROR) = 0;
        if (MODULE(ERROR_SOURCE) & ERROR_OVERRUN) {
            MODULE(ERROR_SOURCE) = ERROR_OVERRUN;
            module_uart_overrun();
        }
    }
    if (MODULE(EVENT_RX_END)) {
        uint8_t byte = *(volatile uint8_t *)&module_rx_byte;

        MODULE(EVENT_RX_END) = 0;
        MODULE(EVENT_RX_READY) = 0;
        MODULE(TASK_START_RX) = 1; /* up to six bytes wait in the receiver meanwhile */
        module_uart_received(byte);
    }
}

void board_module_tx_start(void)
{
    static uint8_t chunk[TX_CHUNK]; /* EasyDMA reads RAM only */
    int byte;

    do {
        uint32_t count = 0;

        while (count < TX_CHUNK && (byte = module_uart_next_tx()) >= 0) {
            chunk[count++] = (uint8_t)byte;
        }
        if (count > 0) {
            MODULE(EVENT_TX_END) = 0;
            MODULE(TX_POINTER) = (uint32_t)(uintptr_t)chunk;
            MODULE(TX_MAX_COUNT) = count;
            MODULE(TASK_START_TX) = 1;
            while (!MODULE(EVENT_TX_END)) {
            }
        }
    } while (byte >= 0);
}

bool board_module_tx_done(void)
{
    return true; /* board_module_tx_start() waits for that */
}

void board_module_set_baud(uint32_t baud)
{
    MODULE(BAUD_RATE) = baud == 921600u ? BAUD_921600 : BAUD_115200;
}

unsigned board_module_flow_control(void)
{
    return 3;
}

BOARD_VECTORS const vector board_vectors[IRQS] = {
    [0 ... IRQ_MODULE - 1] = unexpected_handler,
    [IRQ_MODULE] = module_handler,
    [IRQ_MODULE + 1 ... IRQS - 1] = unexpected_handler,
};

void board_init(void)
{
    CONSOLE(PIN_TX) = PIN(0u, 6u);
    CONSOLE(PIN_RX) = PIN(0u, 8u);
    CONSOLE(BAUD_RATE) = BAUD_115200;
    CONSOLE(ENABLE) = ENABLE_EASY_DMA;
    MODULE(PIN_TX) = PIN(1u, 2u);
    MODULE(PIN_RX) = PIN(1u, 1u);
    MODULE(PIN_CTS) = PIN(1u, 3u);
    MODULE(PIN_RTS) = PIN(1u, 4u);
    MODULE(CONFIG) = CONFIG_FLOW_CONTROL;
    board_module_set_baud(BOOT_BAUD);
    MODULE(ENABLE) = ENABLE_EASY_DMA;
    MODULE(RX_POINTER) = (uint32_t)(uintptr_t)&module_rx_byte;
    MODULE(RX_MAX_COUNT) = 1;
    MODULE(INT_ENABLE_SET) = INT_RX_END;
    nvic_enable(IRQ_MODULE);
    MODULE(TASK_START_RX) = 1;
}

const char *board_name(void)
{
    return "nrf52840dk";
}

uint32_t board_core_clock(void)
{
    return CLOCK_HZ;
}

void board_console_write(const char *text, size_t count)
{
    static uint8_t byte; /* EasyDMA reads RAM only, and `text` may be in flash */

    for (size_t i = 0; i < count; i++) {
        *(volatile uint8_t *)&byte = (uint8_t)text[i];
        CONSOLE(EVENT_TX_END) = 0;
        CONSOLE(TX_POINTER) = (uint32_t)(uintptr_t)&byte;
        CONSOLE(TX_MAX_COUNT) = 1;
        CONSOLE(TASK_START_TX) = 1;
        while (!CONSOLE(EVENT_TX_END)) {
        }
    }
}
