/*
 * Zynq-7000 with one of its Cortex-A9: UART0 is the console, UART1 the module.
 * No first stage boot loader runs before: clocks are as after a reset, but for
 * the UARTs'. QEMU's private timer counts 100 MHz; on silicon it is half of
 * the core's clock.
 */
#include "board.h"

#include "core.h"
#include "module_uart.h"

#define TIMER_HZ 100000000u
#define SLCR_UNLOCK REG32(0xF8000008u)
#define SLCR_UART_CLOCK REG32(0xF8000154u)
/* The input and output PLL multiplies 33.333 MHz by 26; for the UARTs it is divided by 17. */
#define UART_HZ (33333333u * 26u / 17u)
#define UART_DIVIDER 5u

#define TIMER(offset) REG32(0xF8F00600u + (offset))
enum { TIMER_LOAD = 0, TIMER_CONTROL = 8, TIMER_STATUS = 12 };

#define CONSOLE(offset) REG32(0xE0000000u + (offset))
#define MODULE(offset) REG32(0xE0001000u + (offset))
enum { CONTROL = 0x00, MODE = 0x04, INT_ENABLE = 0x08, INT_STATUS = 0x14, RATE = 0x18, RX_TRIGGER = 0x20,
       STATUS = 0x2C, FIFO = 0x30, DIVIDER = 0x34 };
enum { CONTROL_RESET = 3, CONTROL_ON = 1 << 4 | 1 << 2, MODE_8N1 = 4 << 3, INT_RX = 1 << 0, INT_OVERRUN = 1 << 5,
       STATUS_RX_EMPTY = 1 << 1, STATUS_TX_EMPTY = 1 << 3, STATUS_TX_FULL = 1 << 4 };

enum { INT_TIMER = 29, INT_UART1 = 82 };

const uintptr_t board_gic_distributor = 0xF8F01000u, board_gic_interface = 0xF8F00100u;
const unsigned board_timer_interrupt = INT_TIMER;

void board_timer_start(uint32_t period)
{
    TIMER(TIMER_LOAD) = period - 1u;
    TIMER(TIMER_CONTROL) = 7; /* interrupt, again and again, on */
}

void board_timer_interrupted(void)
{
    TIMER(TIMER_STATUS) = 1;
}

void board_timer_stop(void)
{
    TIMER(TIMER_CONTROL) = 0;
}

uint32_t board_core_clock(void)
{
    return TIMER_HZ;
}

void board_interrupt(unsigned id)
{
    if (id != INT_UART1) {
        return;
    }
    if (MODULE(INT_STATUS) & INT_OVERRUN) {
        MODULE(INT_STATUS) = INT_OVERRUN;
        module_uart_overrun();
    }
    while (!(MODULE(STATUS) & STATUS_RX_EMPTY)) {
        module_uart_received((uint8_t)MODULE(FIFO));
    }
    MODULE(INT_STATUS) = INT_RX;
}

void board_module_tx_start(void)
{
    int byte;

    /* One at a time, so that the receiver's interrupt need not wait for all. */
    do {
        interrupts_off();
        byte = module_uart_next_tx();
        if (byte >= 0) {
            while (MODULE(STATUS) & STATUS_TX_FULL) {
            }
            MODULE(FIFO) = (uint32_t)byte;
        }
        interrupts_on();
    } while (byte >= 0);
}

bool board_module_tx_done(void)
{
    return MODULE(STATUS) & STATUS_TX_EMPTY;
}

static uint32_t rate(uint32_t baud)
{
    return (UART_HZ / UART_DIVIDER + baud / 2u) / baud;
}

void board_module_set_baud(uint32_t baud)
{
    MODULE(CONTROL) = CONTROL_RESET;
    MODULE(RATE) = rate(baud);
    MODULE(DIVIDER) = UART_DIVIDER - 1u;
    MODULE(MODE) = MODE_8N1;
    MODULE(CONTROL) = CONTROL_ON;
}

unsigned board_module_flow_control(void)
{
    return 1;
}

void board_init(void)
{
    SLCR_UNLOCK = 0xDF0Du;
    SLCR_UART_CLOCK = 17u << 8 | 3u;
    CONSOLE(RATE) = rate(BOOT_BAUD);
    CONSOLE(DIVIDER) = UART_DIVIDER - 1u;
    CONSOLE(MODE) = MODE_8N1;
    CONSOLE(CONTROL) = CONTROL_ON;
    MODULE(RX_TRIGGER) = 1; /* an interrupt for each byte */
    board_module_set_baud(BOOT_BAUD);
    MODULE(INT_ENABLE) = INT_RX | INT_OVERRUN;
    gic_enable(INT_UART1);
}

const char *board_name(void)
{
    return "xilinx-zynq-a9";
}

int board_console_read(void)
{
    return CONSOLE(STATUS) & STATUS_RX_EMPTY ? -1 : (int)(CONSOLE(FIFO) & 0xffu);
}

void board_console_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (CONSOLE(STATUS) & STATUS_TX_FULL) {
        }
        CONSOLE(FIFO) = (uint8_t)text[i];
    }
}
