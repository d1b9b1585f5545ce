/* Reset, exceptions, interrupts and the millisecond clock: the same on every board with one Cortex-A and a GICv2. */
#include "board.h"
#include "core.h"
#include "semihosting.h"

#include <stdio.h>
#include <string.h>

extern uint32_t _bss_start[], _bss_end[];

int main(void);
void reset_handler(void);
void start(void) __attribute__((noreturn));
void report_fault(const char *kind, uint32_t pc) __attribute__((noreturn));
void undefined_handler(void);
void prefetch_handler(void);
void data_handler(void);
void fast_handler(void);
void interrupt_handler(void);

/* The loader of an emulator enters here, in supervisor mode or in hypervisor
   mode; what is taken out of bss must not be used before start() has cleared it. */
__attribute__((naked, section(".start"), used)) void reset_handler(void)
{
    __asm volatile("cpsid if, #0x12\n\t" /* interrupt mode */
                   "ldr sp, =_interrupt_stack_top\n\t"
                   "cps #0x17\n\t" /* abort mode; an exception is not survived, so it may share the stack */
                   "ldr sp, =_interrupt_stack_top\n\t"
                   "cps #0x1b\n\t" /* undefined mode */
                   "ldr sp, =_interrupt_stack_top\n\t"
                   "cps #0x13\n\t" /* supervisor mode */
                   "ldr sp, =_stack_top\n\t"
                   "b start");
}

__attribute__((naked, aligned(32), used)) static void vectors(void)
{
    __asm volatile("b reset_handler\n\t"
                   "b undefined_handler\n\t"
                   "b host_refused\n\t"
                   "b prefetch_handler\n\t"
                   "b data_handler\n\t"
                   "nop\n\t"
                   "b interrupt_handler\n\t"
                   "b fast_handler\n"
                   "host_refused:\n\t" /* what a host returns for a call that it does not know */
                   "mvn r0, #0\n\t"
                   "movs pc, lr");
}

/* One entry for each megabyte of the address space: itself. The first half of it is taken for devices, or for RAM
   where the image is. Without this all memory would be a device's, and those want aligned accesses. */
static uint32_t sections[4096] __attribute__((aligned(16384)));

static void map_memory(void)
{
    enum { SECTION = 2, READ_WRITE = 3 << 10, NORMAL = 1 << 12 | 3 << 2, DEVICE = 1 << 2, NEVER_RUN = 1 << 4 };
    const uint32_t image = (uint32_t)(uintptr_t)sections >> 20;
    uint32_t control;

    for (uint32_t i = 0; i < 4096u; i++) {
        const uint32_t kind = i == image || i + 1u == image || i == image + 1u ? NORMAL : DEVICE | NEVER_RUN;

        sections[i] = i << 20 | READ_WRITE | SECTION | kind;
    }
    __asm volatile("mcr p15, 0, %0, c2, c0, 0\n\t"      /* TTBR0 */
                   "mcr p15, 0, %1, c2, c0, 2\n\t"      /* TTBCR */
                   "mcr p15, 0, %2, c3, c0, 0\n\t"      /* DACR: domain 0 is a client */
                   "mcr p15, 0, %1, c8, c7, 0\n\t"      /* TLBIALL */
                   "mcr p15, 0, %1, c7, c5, 0\n\t"      /* ICIALLU */
                   "dsb\n\tisb" ::"r"(sections), "r"(0), "r"(1)
                   : "memory");
    __asm volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(control));
    control |= 1u << 12 | 1u << 2 | 1u; /* instruction cache, data cache, MMU */
    control &= ~(1u << 1);
    __asm volatile("mcr p15, 0, %0, c1, c0, 0\n\tisb" ::"r"(control) : "memory");
}

static void gic_start(void)
{
    REG32(board_gic_distributor) = 1;            /* on */
    REG32(board_gic_interface + 4u) = 0xffu;     /* every priority */
    REG32(board_gic_interface) = 1;
}

void gic_enable(unsigned id)
{
    volatile uint8_t *targets = (volatile uint8_t *)(board_gic_distributor + 0x800u);

    if (id >= 32u) {
        targets[id] = 1; /* the one core */
    }
    REG32(board_gic_distributor + 0x100u + 4u * (id / 32u)) = 1u << (id % 32u);
}

void start(void)
{
    memset(_bss_start, 0, (size_t)((uintptr_t)_bss_end - (uintptr_t)_bss_start));
    map_memory();
    __asm volatile("mcr p15, 0, %0, c12, c0, 0\n\tisb" ::"r"(vectors)); /* VBAR */
    gic_start();
    board_init();
    systick_start(board_core_clock());
    exit_to_host(main());
}

static volatile uint32_t millis;

void systick_start(uint32_t timer_hz)
{
    board_timer_start(timer_hz / 1000u);
    gic_enable(board_timer_interrupt);
    interrupts_on();
}

void systick_stop(void)
{
    board_timer_stop();
}

uint32_t systick_millis(void)
{
    return millis;
}

__attribute__((interrupt("IRQ"))) void interrupt_handler(void)
{
    const uint32_t taken = REG32(board_gic_interface + 0xcu);
    const unsigned id = taken & 0x3ffu;

    if (id == 1023u) {
        return; /* it is gone already */
    }
    if (id == board_timer_interrupt) {
        board_timer_interrupted();
        millis++;
    } else {
        board_interrupt(id);
    }
    REG32(board_gic_interface + 0x10u) = taken;
}

void report_fault(const char *kind, uint32_t pc)
{
    char text[80];
    int count = snprintf(text, sizeof text, "FAIL: %s at pc 0x%08lx\n", kind, (unsigned long)pc);

    board_console_write(text, (size_t)count);
    exit_to_host(1);
}

/* The address that an exception leaves in lr. */
#define LINK ((uint32_t)(uintptr_t)__builtin_return_address(0))

void undefined_handler(void)
{
    report_fault("undefined instruction", LINK - 4u);
}

void prefetch_handler(void)
{
    report_fault("prefetch abort", LINK - 4u);
}

void data_handler(void)
{
    report_fault("data abort", LINK - 8u);
}

void fast_handler(void)
{
    report_fault("fast interrupt", LINK - 4u);
}
