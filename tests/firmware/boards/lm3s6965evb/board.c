/*
 * Stellaris LM3S6965 evaluation kit (Cortex-M3, 50 MHz). UART0 is the console,
 * UART1 on PD2 and PD3 the module, without flow control. Its EN is on PB3.
 */
#include "board.h"

#include "core.h"
#include "module_uart.h"
#include "pl011.h"

#define CLOCK_HZ 50000000u

#define SYSCTL_RIS REG32(0x400FE050u)
#define SYSCTL_RCC REG32(0x400FE060u)
#define SYSCTL_RCGC1 REG32(0x400FE104u)
#define SYSCTL_RCGC2 REG32(0x400FE108u)
enum { RIS_PLL = 1u << 6 };
enum { RCC_MAIN_OFF = 1u << 0, RCC_SOURCE = 3u << 4, RCC_XTAL = 15u << 6, RCC_XTAL_8MHZ = 14u << 6, RCC_BYPASS = 1u << 11,
       RCC_PLL_OFF = 1u << 13, RCC_USE_DIVIDER = 1u << 22, RCC_DIVIDER = 15u << 23, RCC_BY_4 = 3u << 23 };

#define CONSOLE ((pl011 *)0x4000C000u)
#define MODULE ((pl011 *)0x4000D000u)

#define PORT_A 0x40004000u
#define PORT_B 0x40005000u
#define PORT_D 0x40007000u
#define GPIO_DATA(port, mask) REG32((port) + ((mask) << 2))
#define GPIO_DIRECTION(port) REG32((port) + 0x400u)
#define GPIO_ALTERNATE(port) REG32((port) + 0x420u)
#define GPIO_DIGITAL(port) REG32((port) + 0x51Cu)
#define MODULE_EN (1u << 3)

enum { IRQ_MODULE = 6, IRQS = 48 };

static void module_handler(void)
{
    MODULE->interrupt_clear = PL011_INT_RX;
    while (!(MODULE->flags & PL011_RX_EMPTY)) {
        module_uart_received((uint8_t)MODULE->data);
        if (MODULE->receive_status & PL011_RX_OVERRUN) {
            MODULE->receive_status = 0;
            module_uart_overrun();
        }
    }
}

void board_module_tx_start(void)
{
    int byte;

    /* One at a time, so that the receiver's interrupt need not wait for all. */
    do {
        interrupts_off();
        byte = module_uart_next_tx();
        if (byte >= 0) {
            pl011_put(MODULE, (uint8_t)byte);
        }
        interrupts_on();
    } while (byte >= 0);
}

bool board_module_tx_done(void)
{
    return !(MODULE->flags & PL011_BUSY);
}

void board_module_set_baud(uint32_t baud)
{
    pl011_set_baud(MODULE, CLOCK_HZ, baud);
}

unsigned board_module_flow_control(void)
{
    return 1;
}

bool board_module_enable(bool on)
{
    GPIO_DIGITAL(PORT_B) |= MODULE_EN;
    GPIO_DIRECTION(PORT_B) |= MODULE_EN; /* first: data is kept for outputs only */
    GPIO_DATA(PORT_B, MODULE_EN) = on ? MODULE_EN : 0u;
    return true;
}

BOARD_VECTORS const vector board_vectors[IRQS] = {
    [0 ... IRQ_MODULE - 1] = unexpected_handler,
    [IRQ_MODULE] = module_handler,
    [IRQ_MODULE + 1 ... IRQS - 1] = unexpected_handler,
};

static void clock_init(void)
{
    uint32_t rcc = (SYSCTL_RCC | RCC_BYPASS) & ~(uint32_t)RCC_USE_DIVIDER;

    SYSCTL_RCC = rcc;
    rcc &= ~(uint32_t)(RCC_MAIN_OFF | RCC_SOURCE | RCC_XTAL | RCC_PLL_OFF | RCC_DIVIDER);
    rcc |= RCC_XTAL_8MHZ | RCC_USE_DIVIDER | RCC_BY_4;
    SYSCTL_RCC = rcc;
    while (!(SYSCTL_RIS & RIS_PLL)) {
    }
    SYSCTL_RCC = rcc & ~(uint32_t)RCC_BYPASS;
}

void board_init(void)
{
    clock_init();
    SYSCTL_RCGC1 |= 3u;                       /* UART0 and 1 */
    SYSCTL_RCGC2 |= 1u << 0 | 1u << 1 | 1u << 3; /* ports A, B and D */
    (void)SYSCTL_RCGC2;                       /* they need three cycles to come up */
    GPIO_ALTERNATE(PORT_A) |= 3u;
    GPIO_DIGITAL(PORT_A) |= 3u;
    GPIO_ALTERNATE(PORT_D) |= 3u << 2;
    GPIO_DIGITAL(PORT_D) |= 3u << 2;
    pl011_set_baud(CONSOLE, CLOCK_HZ, BOOT_BAUD);
    board_module_set_baud(BOOT_BAUD);
    MODULE->interrupt_mask = PL011_INT_RX;
    board_module_enable(true);
    nvic_enable(IRQ_MODULE);
}

const char *board_name(void)
{
    return "lm3s6965evb";
}

uint32_t board_core_clock(void)
{
    return CLOCK_HZ;
}

int board_console_read(void)
{
    return CONSOLE->flags & PL011_RX_EMPTY ? -1 : (int)(CONSOLE->data & 0xffu);
}

void board_console_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pl011_put(CONSOLE, (uint8_t)text[i]);
    }
}
