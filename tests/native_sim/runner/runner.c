/*
 * A runner with the interface of native_simulator, as far as the coupling and its firmware use it. The CPU needs no thread of
 * its own here: while it is halted, the events run inside of nce_halt_cpu().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "irq_ctrl.h"
#include "nce_if.h"
#include "nsi_cmdline.h"
#include "nsi_cpu_if.h"
#include "nsi_hws_models_if.h"
#include "nsi_main.h"
#include "nsi_tasks.h"
#include "nsi_timer_model.h"
#include "nsi_tracing.h"

enum { ENTRIES = 8 };

/* ---- messages ------------------------------------------------------------------------------------------------------- */

#define SAY(stream)                  \
    va_list arguments;               \
                                     \
    va_start(arguments, format);     \
    vfprintf(stream, format, arguments); \
    va_end(arguments)

void nsi_print_trace(const char *format, ...)
{
    SAY(stdout);
}

void nsi_print_warning(const char *format, ...)
{
    SAY(stderr);
}

void nsi_print_error_and_exit(const char *format, ...)
{
    SAY(stderr);
    exit(1);
}

/* ---- tasks ---------------------------------------------------------------------------------------------------------- */

static struct {
    enum runner_level level;
    int priority;
    void (*run)(void);
} tasks[ENTRIES];
static int task_count;

void runner_add_task(enum runner_level level, void (*task)(void), int priority)
{
    if (task_count == ENTRIES) {
        nsi_print_error_and_exit("too many tasks\n");
    }
    tasks[task_count].level = level;
    tasks[task_count].priority = priority;
    tasks[task_count++].run = task;
}

static void run_tasks(enum runner_level level)
{
    for (int priority = 0; priority < 1000; priority++) {
        for (int i = 0; i < task_count; i++) {
            if (tasks[i].level == level && tasks[i].priority == priority) {
                tasks[i].run();
            }
        }
    }
}

/* ---- simulated time ------------------------------------------------------------------------------------------------- */

static struct {
    uint64_t *timer;
    int priority;
    void (*callback)(void);
} events[ENTRIES];
static int event_count;
static uint64_t now;
static int next_event;

void runner_add_event(uint64_t *timer, void (*callback)(void), int priority)
{
    if (event_count == ENTRIES) {
        nsi_print_error_and_exit("too many events\n");
    }
    events[event_count].timer = timer;
    events[event_count].priority = priority;
    events[event_count++].callback = callback;
}

uint64_t nsi_hws_get_time(void)
{
    return now;
}

/* As in the original, who changes a timer has to call this: nobody looks at the timers otherwise. */
void nsi_hws_find_next_event(void)
{
    next_event = 0;
    for (int i = 1; i < event_count; i++) {
        uint64_t at = *events[i].timer, best = *events[next_event].timer;

        if (at < best || (at == best && events[i].priority < events[next_event].priority)) {
            next_event = i;
        }
    }
}

static void one_event(void)
{
    uint64_t at = *events[next_event].timer;

    if (at == NSI_NEVER) {
        nsi_print_error_and_exit("at %" PRIu64 " us: nothing will ever happen\n", now);
    }
    if (at < now) {
        nsi_print_error_and_exit("at %" PRIu64 " us: an event of the past, %" PRIu64 " us\n", now, at);
    }
    now = at;
    events[next_event].callback();
    nsi_hws_find_next_event();
}

/* ---- interrupts ----------------------------------------------------------------------------------------------------- */

static uint64_t pending, enabled, irq_timer = NSI_NEVER, wake_timer = NSI_NEVER;

void hw_irq_ctrl_prio_set(unsigned int irq, unsigned int prio)
{
    (void)irq;
    (void)prio; /* there is one interrupt */
}

void hw_irq_ctrl_enable_irq(unsigned int irq)
{
    enabled |= UINT64_C(1) << irq;
    if (pending & enabled) {
        nsif_cpu0_irq_raised_from_sw();
    }
}

/* In one delta cycle: behind what happens at this time already. */
void hw_irq_ctrl_set_irq(unsigned int irq)
{
    pending |= UINT64_C(1) << irq;
    irq_timer = now;
    nsi_hws_find_next_event();
}

void hw_irq_ctrl_clear_irq(unsigned int irq)
{
    pending &= ~(UINT64_C(1) << irq);
}

int hw_irq_ctrl_get_highest_prio_irq(void)
{
    uint64_t due = pending & enabled;

    return due == 0 ? -1 : __builtin_ctzll(due);
}

static void irq_event(void)
{
    irq_timer = NSI_NEVER;
    nsif_cpu0_irq_raised();
}
NSI_HW_EVENT(irq_timer, irq_event, 900);

void hwtimer_wake_in_time(uint64_t time)
{
    wake_timer = time;
    nsi_hws_find_next_event();
}

static void wake_event(void)
{
    wake_timer = NSI_NEVER;
    nsif_cpu0_irq_raised();
}
NSI_HW_EVENT(wake_timer, wake_event, 0);

/* ---- the CPU -------------------------------------------------------------------------------------------------------- */

static struct {
    bool halted;
} processor;

void *nce_init(void)
{
    processor.halted = true;
    return &processor;
}

void nce_boot_cpu(void *cpu, void (*start_routine)(void))
{
    (void)cpu;
    processor.halted = false;
    start_routine();
}

void nce_halt_cpu(void *cpu)
{
    (void)cpu;
    processor.halted = true;
    while (processor.halted) {
        one_event();
    }
}

void nce_wake_cpu(void *cpu)
{
    (void)cpu;
    if (!processor.halted) {
        nsi_print_error_and_exit("the CPU was awake already\n");
    }
    processor.halted = false;
}

void nce_terminate(void *cpu)
{
    (void)cpu;
}

/* ---- the program ---------------------------------------------------------------------------------------------------- */

static struct args_struct_t *options;

void nsi_add_command_line_opts(struct args_struct_t *table)
{
    options = table;
}

static void parse(const char *argument)
{
    for (struct args_struct_t *option = options; option->option != NULL; option++) {
        size_t length = strlen(option->option);
        char *end;

        if (strncmp(argument, "--", 2) != 0 || strncmp(argument + 2, option->option, length) != 0 ||
            argument[2 + length] != '=') {
            continue;
        }
        if (option->type == 's') {
            *(const char **)option->dest = argument + 3 + length;
            return;
        }
        errno = 0;
        *(uint64_t *)option->dest = strtoull(argument + 3 + length, &end, 0);
        if (errno == 0 && *end == '\0' && end != argument + 3 + length) {
            return;
        }
    }
    nsi_print_error_and_exit("%s: no such option, or not its value\n", argument);
}

void nsi_exit(int code)
{
    nsif_cpu0_cleanup();
    run_tasks(RUNNER_ON_EXIT_PRE);
    run_tasks(RUNNER_ON_EXIT_POST);
    exit(code);
}

int main(int argc, char **argv)
{
    run_tasks(RUNNER_PRE_BOOT_1);
    for (struct args_struct_t *option = options; option->option != NULL; option++) {
        if (option->type == 'U') {
            *(uint64_t *)option->dest = UINT64_MAX;
        }
    }
    for (int i = 1; i < argc; i++) {
        parse(argv[i]);
    }
    run_tasks(RUNNER_PRE_BOOT_2);
    run_tasks(RUNNER_HW_INIT);
    nsi_hws_find_next_event();
    nsif_cpu0_boot();
    nsi_print_error_and_exit("the embedded software came back\n");
}
