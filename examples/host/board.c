/*
 * The board that this machine is: the functions of tests/firmware/platform that an application calls, over the simulation
 * instead of a Cortex-M's registers. No ring buffers and no interrupts: bytes wait in the simulation until they are read.
 */
#include "board.h"

#include <stdio.h>

#include "core.h"
#include "module_uart.h"
#include "simulation.h"

enum { MILLISECOND_NS = 1000000 };

static module_uart_stats stats;

uint32_t systick_millis(void)
{
    return (uint32_t)(simulation_look() / MILLISECOND_NS);
}

const char *board_name(void)
{
    return "this machine";
}

/* Virtual time has no instructions to count. */
uint32_t board_core_clock(void)
{
    return 0;
}

void board_console_write(const char *text, size_t count)
{
    fwrite(text, 1, count, stdout);
}

/* The module's RTS stops us; ours does not exist, since we take each byte in time. */
unsigned board_module_flow_control(void)
{
    return 1;
}

size_t module_uart_read(uint8_t *out, size_t cap)
{
    size_t count = simulation_take(out, cap);

    stats.rx_bytes += (uint32_t)count;
    return count;
}

void module_uart_write(const uint8_t *bytes, size_t count)
{
    simulation_store(bytes, count);
    stats.tx_bytes += (uint32_t)count;
}

/* Until a byte comes, or the next millisecond, as SysTick would wake a core. */
void module_uart_idle(void)
{
    uint64_t now = simulation_look();

    simulation_sleep(now - now % MILLISECOND_NS + MILLISECOND_NS);
}

bool module_uart_sent(void)
{
    return simulation_queued() == 0;
}

void module_uart_set_baud(uint32_t baud)
{
    while (!module_uart_sent()) {
        simulation_sleep(simulation_look() + MILLISECOND_NS);
    }
    simulation_set_baud(baud);
}

const module_uart_stats *module_uart_statistics(void)
{
    return &stats;
}
