/*
 * The few registers and instructions of the ARMv7-M core that this firmware
 * uses, and SysTick as a millisecond clock.
 */
#ifndef CORE_H
#define CORE_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

#define SYST_CSR REG32(0xE000E010u)
#define SYST_RVR REG32(0xE000E014u)
#define SYST_CVR REG32(0xE000E018u)
#define SCB_VTOR REG32(0xE000ED08u)

/* Enables interrupt `irq` (0 is the first one outside the core). */
static inline void nvic_enable(unsigned irq)
{
    REG32(0xE000E100u + 4u * (irq / 32u)) = 1u << (irq % 32u);
}

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

/* Starts SysTick with one interrupt a millisecond. */
void systick_start(uint32_t core_clock_hz);
void systick_stop(void);

/* Milliseconds since systick_start(). */
uint32_t systick_millis(void);

/* An entry of the vector table. */
typedef void (*vector)(void);

/* For interrupts that nobody enabled: reports and ends the program. */
void unexpected_handler(void);

/* Puts a board's table of interrupt vectors behind those of the core. */
#define BOARD_VECTORS __attribute__((section(".vectors.board"), used))

#endif
