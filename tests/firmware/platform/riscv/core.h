/*
 * The few registers and instructions of a RISC-V core in machine mode that this
 * firmware uses, and the machine timer as a millisecond clock.
 */
#ifndef CORE_H
#define CORE_H

#include <stdint.h>

#define REG8(address) (*(volatile uint8_t *)(address))
#define REG32(address) (*(volatile uint32_t *)(address))

#define MSTATUS_MIE 8u

static inline void interrupts_off(void)
{
    __asm volatile("csrc mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
}

static inline void interrupts_on(void)
{
    __asm volatile("csrs mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
}

/* Sleeps until an interrupt is pending, also while interrupts are off. */
static inline void wait_for_interrupt(void)
{
    __asm volatile("wfi" ::: "memory");
}

/* Keeps the compiler, and the core, from moving accesses over this point. */
static inline void memory_barrier(void)
{
    __asm volatile("fence" ::: "memory");
}

/* Starts the machine timer with one interrupt a millisecond; it counts `timer_hz`. */
void systick_start(uint32_t timer_hz);
void systick_stop(void);

/* Milliseconds since systick_start(). */
uint32_t systick_millis(void);

/* What a board does in an interrupt from outside the core. */
void board_external_interrupt(void);

#endif
