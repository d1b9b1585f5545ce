/* A hardware model's event: `callback` when simulated time reaches what `timer` has; of several at once, low `priority` first. */
#ifndef NSI_HWS_MODELS_IF_H
#define NSI_HWS_MODELS_IF_H

#include <stdint.h>

#include "nsi_hw_scheduler.h"

void runner_add_event(uint64_t *timer, void (*callback)(void), int priority);

#define NSI_HW_EVENT(timer, callback, priority)                                              \
    __attribute__((constructor)) static void runner_event_##callback(void)                   \
    {                                                                                        \
        runner_add_event(&timer, callback, priority);                                        \
    }                                                                                        \
    _Static_assert(priority >= 0 && priority <= 999, "a priority is 0 to 999")

#endif
