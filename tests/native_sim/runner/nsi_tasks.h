/* What is called at one of the steps of the runner's life; of several in one step, low `priority` first. */
#ifndef NSI_TASKS_H
#define NSI_TASKS_H

enum runner_level { RUNNER_PRE_BOOT_1, RUNNER_PRE_BOOT_2, RUNNER_HW_INIT, RUNNER_ON_EXIT_PRE, RUNNER_ON_EXIT_POST };

void runner_add_task(enum runner_level level, void (*task)(void), int priority);

#define NSI_TASK(task, level, priority)                                                      \
    __attribute__((constructor)) static void runner_task_##task(void)                        \
    {                                                                                        \
        runner_add_task(RUNNER_##level, task, priority);                                     \
    }                                                                                        \
    _Static_assert(priority >= 0 && priority <= 999, "a priority is 0 to 999")

#endif
