/*
 * Arm MPS2 with the AN385 image (Cortex-M3, 25 MHz). CMSDK APB UARTs: UART0 is
 * the console, UART1 the module. Both have one byte of buffer each way, and no
 * flow control: a gate on the shield holds our bytes while the module's RTS is
 * high, and we take each of the module's in time. Its EN is on bit 3 of GPIO0.
 */
#include "board.h"

#include "core.h"
#include "module_uart.h"

/* Another image of the board says before it includes this file what is different. */
#ifndef BOARD_NAME
#define BOARD_NAME "mps2-an385"
#define CLOCK_HZ 25000000u
#define UART_BASE 0x40004000u
#define GPIO0_BASE 0x40010000u
enum { IRQ_MODULE_RX = 2, IRQ_MODULE_TX = 3, IRQS = 32 };
#endif

typedef struct {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t ctrl;
    volatile uint32_t int_status; /* write 1 to clear */
    volatile uint32_t baud_div;
} cmsdk_uart;

#define CONSOLE ((cmsdk_uart *)UART_BASE)
#define MODULE ((cmsdk_uart *)(UART_BASE + 0x1000u))
#define GPIO0_DATAOUT REG32(GPIO0_BASE + 0x04u)
#define GPIO0_OUTENSET REG32(GPIO0_BASE + 0x10u)
#define MODULE_EN (1u << 3)

enum { STATE_TX_FULL = 1u << 0, STATE_RX_FULL = 1u << 1, STATE_RX_OVERRUN = 1u << 3 };
enum { CTRL_TX = 1u << 0, CTRL_RX = 1u << 1, CTRL_TX_INT = 1u << 2, CTRL_RX_INT = 1u << 3 };
enum { INT_TX = 1u << 0, INT_RX = 1u << 1 };

static void module_rx_handler(void)
{
    MODULE->int_status = INT_RX; /* first: a byte that comes meanwhile sets it again */
    while (MODULE->state & STATE_RX_FULL) {
        if (MODULE->state & STATE_RX_OVERRUN) {
            MODULE->state = STATE_RX_OVERRUN;
            module_uart_overrun();
        }
        module_uart_received((uint8_t)MODULE->data);
    }
}

/* Moves one byte from the ring to the transmitter if that has room. */
static void feed_transmitter(void)
{
    if (!(MODULE->state & STATE_TX_FULL)) {
        int byte = module_uart_next_tx();

        if (byte >= 0) {
            MODULE->data = (uint32_t)byte;
        }
    }
}

static void module_tx_handler(void)
{
    MODULE->int_status = INT_TX;
    feed_transmitter();
}

void board_module_tx_start(void)
{
    interrupts_off(); /* the interrupt takes bytes too */
    feed_transmitter();
    interrupts_on();
}

bool board_module_tx_done(void)
{
    return !(MODULE->state & STATE_TX_FULL);
}

void board_module_set_baud(uint32_t baud)
{
    MODULE->baud_div = (CLOCK_HZ + baud / 2u) / baud;
}

bool board_module_enable(bool on)
{
    GPIO0_DATAOUT = on ? GPIO0_DATAOUT | MODULE_EN : GPIO0_DATAOUT & ~MODULE_EN;
    GPIO0_OUTENSET = MODULE_EN; /* until then the module's pull-up holds it high */
    return true;
}

int board_console_read(void)
{
    return CONSOLE->state & STATE_RX_FULL ? (int)(CONSOLE->data & 0xffu) : -1;
}

unsigned board_module_flow_control(void)
{
    return 1;
}

BOARD_VECTORS const vector board_vectors[IRQS] = {
    [0 ... IRQ_MODULE_RX - 1] = unexpected_handler,
    [IRQ_MODULE_RX] = module_rx_handler,
    [IRQ_MODULE_TX] = module_tx_handler,
    [IRQ_MODULE_TX + 1 ... IRQS - 1] = unexpected_handler,
};

void board_init(void)
{
    CONSOLE->baud_div = CLOCK_HZ / BOOT_BAUD;
    CONSOLE->ctrl = CTRL_TX | CTRL_RX;
    board_module_set_baud(BOOT_BAUD);
    MODULE->ctrl = CTRL_TX | CTRL_RX | CTRL_TX_INT | CTRL_RX_INT;
    nvic_enable(IRQ_MODULE_RX);
    nvic_enable(IRQ_MODULE_TX);
}

const char *board_name(void)
{
    return BOARD_NAME;
}

uint32_t board_core_clock(void)
{
    return CLOCK_HZ;
}

void board_console_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (CONSOLE->state & STATE_TX_FULL) {
        }
        CONSOLE->data = (uint8_t)text[i];
    }
}
