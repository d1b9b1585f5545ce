/* Reset, traps and the machine timer: the same on every RISC-V board with a CLINT. */
#include "board.h"
#include "core.h"
#include "semihosting.h"

#include <stdio.h>
#include <string.h>

#define MTIMECMP ((volatile uint32_t *)0x02004000u)
#define MTIME ((volatile uint32_t *)0x0200bff8u)

enum { BREAKPOINT = 3u, TIMER = 0x80000007u, EXTERNAL = 0x8000000bu };
#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)

extern uint32_t _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];

int main(void);
void reset_handler(void);
void start(void) __attribute__((noreturn));
void trap_handler(void);

__attribute__((naked, section(".start"), used)) void reset_handler(void)
{
    __asm volatile(".option push\n\t"
                   ".option norelax\n\t"
                   "la gp, __global_pointer$\n\t"
                   ".option pop\n\t"
                   "la sp, _stack_top\n\t"
                   "j start");
}

void start(void)
{
    memcpy(_data_start, _data_load, (size_t)((uintptr_t)_data_end - (uintptr_t)_data_start));
    memset(_bss_start, 0, (size_t)((uintptr_t)_bss_end - (uintptr_t)_bss_start));
    __asm volatile("csrw mtvec, %0" ::"r"(trap_handler));
    board_init();
    systick_start(board_core_clock());
    exit_to_host(main());
}

static volatile uint32_t millis;
static uint32_t period;
static uint64_t next;

/* Both halves; the low one first to its end, so that no interrupt comes between. */
static void set_timer(uint64_t at)
{
    MTIMECMP[0] = UINT32_MAX;
    MTIMECMP[1] = (uint32_t)(at >> 32);
    MTIMECMP[0] = (uint32_t)at;
}

void systick_start(uint32_t timer_hz)
{
    uint32_t high;

    period = timer_hz / 1000u;
    do {
        high = MTIME[1];
        next = (uint64_t)high << 32 | MTIME[0];
    } while (high != MTIME[1]);
    next += period;
    set_timer(next);
    __asm volatile("csrs mie, %0" ::"r"(MIE_TIMER | MIE_EXTERNAL));
    interrupts_on();
}

void systick_stop(void)
{
    __asm volatile("csrc mie, %0" ::"r"(MIE_TIMER));
}

uint32_t systick_millis(void)
{
    return millis;
}

__attribute__((interrupt("machine"), aligned(4))) void trap_handler(void)
{
    uint32_t cause, pc;
    char text[64];
    int count;

    __asm volatile("csrr %0, mcause" : "=r"(cause));
    if (cause == TIMER) {
        millis++;
        next += period;
        set_timer(next);
        return;
    }
    if (cause == EXTERNAL) {
        board_external_interrupt();
        return;
    }
    __asm volatile("csrr %0, mepc" : "=r"(pc));
    if (cause == BREAKPOINT && semihosting_was_refused(pc)) {
        __asm volatile("csrw mepc, %0" ::"r"(pc + 4u));
        return;
    }
    count = snprintf(text, sizeof text, "FAIL: trap 0x%08lx at pc 0x%08lx\n", (unsigned long)cause,
                     (unsigned long)pc);
    board_console_write(text, (size_t)count);
    exit_to_host(1);
}
