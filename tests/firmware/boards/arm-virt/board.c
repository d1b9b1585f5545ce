/*
 * QEMU's `virt` machine for Arm with a Cortex-A15. It has one UART, a PL011,
 * which is the module's; the console is the host's, over semihosting. The
 * module's EN is on bit 0 of its GPIO, a PL061.
 */
#include "board.h"

#include "core.h"
#include "module_uart.h"
#include "pl011.h"
#include "semihosting.h"

#define UART_HZ 24000000u
#define MODULE ((pl011 *)0x09000000u)
#define GPIO 0x09030000u
#define GPIO_DATA(mask) REG32(GPIO + ((mask) << 2))
#define GPIO_DIRECTION REG32(GPIO + 0x400u)
#define MODULE_EN 1u

enum { INT_TIMER = 27, INT_UART = 32 + 1 };

const uintptr_t board_gic_distributor = 0x08000000u, board_gic_interface = 0x08010000u;
const unsigned board_timer_interrupt = INT_TIMER;

/* The core's virtual timer. */
static uint32_t timer_period;
static uint64_t timer_next;

static void timer_set(uint64_t at)
{
    __asm volatile("mcrr p15, 3, %Q0, %R0, c14\n\tisb" ::"r"(at));
}

static void timer_control(uint32_t value)
{
    __asm volatile("mcr p15, 0, %0, c14, c3, 1\n\tisb" ::"r"(value));
}

void board_timer_start(uint32_t period)
{
    timer_period = period;
    __asm volatile("isb\n\tmrrc p15, 1, %Q0, %R0, c14" : "=r"(timer_next));
    timer_next += period;
    timer_set(timer_next);
    timer_control(1);
}

void board_timer_interrupted(void)
{
    timer_next += timer_period;
    timer_set(timer_next);
}

void board_timer_stop(void)
{
    timer_control(0);
}

uint32_t board_core_clock(void)
{
    uint32_t frequency;

    __asm volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(frequency));
    return frequency;
}

void board_interrupt(unsigned id)
{
    if (id != INT_UART) {
        return;
    }
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
    pl011_set_baud(MODULE, UART_HZ, baud);
}

unsigned board_module_flow_control(void)
{
    return 1;
}

bool board_module_enable(bool on)
{
    GPIO_DIRECTION |= MODULE_EN; /* first: data is kept for outputs only */
    GPIO_DATA(MODULE_EN) = on ? MODULE_EN : 0u;
    return true;
}

void board_init(void)
{
    board_module_set_baud(BOOT_BAUD);
    MODULE->interrupt_mask = PL011_INT_RX;
    board_module_enable(true);
    gic_enable(INT_UART);
}

const char *board_name(void)
{
    return "arm-virt";
}

void board_console_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        semihosting_put(text[i]);
    }
}
