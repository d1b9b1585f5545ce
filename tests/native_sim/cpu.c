/* The processor of the embedded software: its interrupt table, WFI, its GPIO, and what the runner asks of it. */
#include "cpu.h"

#include <stddef.h>

#include <zephyr/drivers/gpio/gpio_emul.h>
#include <zephyr/irq.h>

#include "irq_ctrl.h"
#include "nce_if.h"
#include "nsi_cpu_if.h"
#include "nsi_timer_model.h"

struct gpio_of_the_tree gpio_of_the_tree;

static void *cpu;

static struct {
    void (*run)(const void *argument);
    const void *argument;
} handlers[32];

void board_connect(unsigned int irq, unsigned int priority, void (*handler)(const void *argument), const void *argument)
{
    handlers[irq].run = handler;
    handlers[irq].argument = argument;
    hw_irq_ctrl_prio_set(irq, priority);
}

void board_enable(unsigned int irq)
{
    hw_irq_ctrl_enable_irq(irq);
}

static void handle_interrupts(void)
{
    int irq;

    while ((irq = hw_irq_ctrl_get_highest_prio_irq()) >= 0) {
        hw_irq_ctrl_clear_irq((unsigned int)irq);
        if (handlers[irq].run != NULL) {
            handlers[irq].run(handlers[irq].argument);
        }
    }
}

void halt(uint64_t until)
{
    hwtimer_wake_in_time(until);
    nce_halt_cpu(cpu);
    handle_interrupts();
}

NATIVE_SIMULATOR_IF void nsif_cpu0_irq_raised(void)
{
    nce_wake_cpu(cpu);
}

NATIVE_SIMULATOR_IF void nsif_cpu0_irq_raised_from_sw(void)
{
    handle_interrupts();
}

NATIVE_SIMULATOR_IF int nsif_cpu0_cleanup(void)
{
    nce_terminate(cpu);
    return 0;
}

NATIVE_SIMULATOR_IF void nsif_cpu0_boot(void)
{
    cpu = nce_init();
    nce_boot_cpu(cpu, start);
}
