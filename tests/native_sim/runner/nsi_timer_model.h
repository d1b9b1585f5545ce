/* The timer of busy waits: wakes the CPU at a time, with no interrupt to handle. */
#ifndef NSI_TIMER_MODEL_H
#define NSI_TIMER_MODEL_H

#include <stdint.h>

void hwtimer_wake_in_time(uint64_t time);

#endif
