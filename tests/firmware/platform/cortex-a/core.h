/*
 * The few registers and instructions of an ARMv7-A core that this firmware
 * uses, its interrupt controller, and a timer as a millisecond clock.
 */
#ifndef CORE_H
#define CORE_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

static inline void interrupts_off(void)
{
    __asm volatile("cpsid i" ::: "memory");
}

static inline void interrupts_on(void)
{
    __asm volatile("cpsie i\n\tisb" ::: "memory");
}

/* Sleeps until an interrupt is pending, also while interrupts are off. */
static inline void wait_for_interrupt(void)
{
    __asm volatile("dsb\n\twfi" ::: "memory");
}

/* Keeps the compiler, and the core, from moving accesses over this point. */
static inline void memory_barrier(void)
{
    __asm volatile("dmb" ::: "memory");
}

/* Starts the board's timer with one interrupt a millisecond. */
void systick_start(uint32_t timer_hz);
void systick_stop(void);

/* Milliseconds since systick_start(). */
uint32_t systick_millis(void);

/* The interrupt controller, a GICv2: lets interrupt `id` through. */
void gic_enable(unsigned id);

/*
 * What a board with this core provides besides board.h.
 */
extern const uintptr_t board_gic_distributor, board_gic_interface;

/* The interrupt of its timer, which comes every `period` of the timer's cycles. */
extern const unsigned board_timer_interrupt;
void board_timer_start(uint32_t period);
void board_timer_interrupted(void);
void board_timer_stop(void);

/* Any other interrupt that it has enabled. */
void board_interrupt(unsigned id);

#endif
