/* Reset, vectors of the core, faults and SysTick: the same on every Cortex-M board. */
#include "board.h"
#include "core.h"
#include "semihosting.h"

#include <stdio.h>
#include <string.h>

extern uint32_t _stack_top[];
extern uint32_t _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];
extern const uintptr_t core_vectors[];

int main(void);
void reset_handler(void) __attribute__((noreturn));
void hard_fault_handler(void);
void systick_handler(void);
void report_fault(uint32_t *frame, uint32_t kind);

__attribute__((section(".vectors.core"), used))
const uintptr_t core_vectors[16] = {
    (uintptr_t)_stack_top,
    (uintptr_t)reset_handler,
    (uintptr_t)unexpected_handler, /* NMI */
    (uintptr_t)hard_fault_handler,
    (uintptr_t)hard_fault_handler, /* MemManage, BusFault, UsageFault */
    (uintptr_t)hard_fault_handler,
    (uintptr_t)hard_fault_handler,
    0, 0, 0, 0,
    (uintptr_t)unexpected_handler, /* SVCall */
    (uintptr_t)unexpected_handler, /* DebugMonitor */
    0,
    (uintptr_t)unexpected_handler, /* PendSV */
    (uintptr_t)systick_handler,
};

void reset_handler(void)
{
    memcpy(_data_start, _data_load, (size_t)((uintptr_t)_data_end - (uintptr_t)_data_start));
    memset(_bss_start, 0, (size_t)((uintptr_t)_bss_end - (uintptr_t)_bss_start));
    SCB_VTOR = (uint32_t)(uintptr_t)core_vectors;
    board_init();
    systick_start(board_core_clock());
    exit_to_host(main());
}

static volatile uint32_t millis;

void systick_handler(void)
{
    millis++;
}

void systick_start(uint32_t core_clock_hz)
{
    SYST_RVR = core_clock_hz / 1000u - 1u;
    SYST_CVR = 0;
    SYST_CSR = 7; /* core clock, interrupt, enable */
}

void systick_stop(void)
{
    SYST_CSR = 0;
}

uint32_t systick_millis(void)
{
    return millis;
}

/* Hands the exception frame, on whichever stack it is, to report_fault(). */
__attribute__((naked)) void hard_fault_handler(void)
{
    __asm volatile("tst lr, #4\n\t"
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "mrs r1, ipsr\n\t"
                   "b report_fault");
}

/* The frame is r0-r3, r12, lr, pc, xpsr. */
void report_fault(uint32_t *frame, uint32_t kind)
{
    char text[80];
    int count;

    if (semihosting_was_refused(frame[6])) {
        frame[0] = UINT32_MAX; /* what a host returns for a call it does not know */
        frame[6] += 2u;
        return;
    }
    count = snprintf(text, sizeof text, "FAIL: fault %lu at pc 0x%08lx, lr 0x%08lx\n",
                     (unsigned long)kind, (unsigned long)frame[6], (unsigned long)frame[5]);
    board_console_write(text, (size_t)count);
    exit_to_host(1);
}

void unexpected_handler(void)
{
    static const char text[] = "FAIL: unexpected interrupt\n";

    board_console_write(text, sizeof text - 1u);
    exit_to_host(1);
}
