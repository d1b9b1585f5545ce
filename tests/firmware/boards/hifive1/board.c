/*
 * SiFive HiFive1 (FE310, RV32IMAC) as its emulators have it: QEMU's sifive_e, Renode's hifive1. (The chip would need its clock
 * and its pins set up besides.) UART0 is the console, UART1 the module. Its UARTs have neither RTS nor CTS: a gate holds our
 * bytes while the module's RTS is high.
 */
#include "board.h"

#include "core.h"
#include "module_uart.h"

/* The machine timer of QEMU 7.2; platforms/hifive1.repl says the same. The chip's counts a crystal of 32768 Hz, and so does
   QEMU 10's: DEFS=-DTIMER_HZ=32768u. */
#ifndef TIMER_HZ
#define TIMER_HZ 10000000u
#endif

/* What the UARTs divide: the crystal of the board. 921600 baud come out as 941176, which receivers bear. */
#define CLOCK_HZ 16000000u

typedef struct {
    volatile uint32_t tx_data;
    volatile uint32_t rx_data;
    volatile uint32_t tx_ctrl;
    volatile uint32_t rx_ctrl;
    volatile uint32_t int_enable;
    volatile uint32_t int_pending;
    volatile uint32_t divider; /* CLOCK_HZ / (divider + 1) baud */
} sifive_uart;

#define CONSOLE ((sifive_uart *)0x10013000u)
#define MODULE ((sifive_uart *)0x10023000u)

#define TX_FULL (1u << 31)
enum { TX_ENABLE = 1u << 0, TX_WATERMARK_1 = 1u << 16, RX_ENABLE = 1u << 0 };
enum { INT_TX = 1u << 0, INT_RX = 1u << 1 };

#define PLIC 0x0c000000u
enum { IRQ_MODULE = 4 };
#define PLIC_PRIORITY(irq) REG32(PLIC + 4u * (irq))
#define PLIC_ENABLE REG32(PLIC + 0x2000u)
#define PLIC_CLAIM REG32(PLIC + 0x200004u)

void board_external_interrupt(void)
{
    uint32_t irq = PLIC_CLAIM;

    while (MODULE->int_pending & INT_RX) {
        module_uart_received((uint8_t)MODULE->rx_data);
    }
    PLIC_CLAIM = irq;
}

void board_module_tx_start(void)
{
    int byte;

    /* One at a time, so that the receiver's interrupt need not wait for all. */
    do {
        interrupts_off();
        byte = module_uart_next_tx();
        if (byte >= 0) {
            while (MODULE->tx_data & TX_FULL) {
            }
            MODULE->tx_data = (uint32_t)byte;
        }
        interrupts_on();
    } while (byte >= 0);
}

/* The watermark is 1: pending when nothing waits in the FIFO. The last byte may still be on the line, which the driver counts. */
bool board_module_tx_done(void)
{
    return MODULE->int_pending & INT_TX;
}

void board_module_set_baud(uint32_t baud)
{
    MODULE->divider = (CLOCK_HZ + baud / 2u) / baud - 1u;
}

unsigned board_module_flow_control(void)
{
    return 1;
}

void board_init(void)
{
    CONSOLE->divider = (CLOCK_HZ + BOOT_BAUD / 2u) / BOOT_BAUD - 1u;
    CONSOLE->tx_ctrl = TX_ENABLE;
    board_module_set_baud(BOOT_BAUD);
    MODULE->tx_ctrl = TX_ENABLE | TX_WATERMARK_1;
    MODULE->rx_ctrl = RX_ENABLE; /* an interrupt for each byte */
    MODULE->int_enable = INT_RX;
    PLIC_PRIORITY(IRQ_MODULE) = 1;
    PLIC_ENABLE = 1u << IRQ_MODULE;
}

const char *board_name(void)
{
    return "hifive1";
}

uint32_t board_core_clock(void)
{
    return TIMER_HZ;
}

void board_console_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (CONSOLE->tx_data & TX_FULL) {
        }
        CONSOLE->tx_data = (uint8_t)text[i];
    }
}
