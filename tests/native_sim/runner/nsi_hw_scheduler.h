/* Simulated time of the runner, in microseconds since its start. */
#ifndef NSI_HW_SCHEDULER_H
#define NSI_HW_SCHEDULER_H

#include <stdint.h>

#define NSI_NEVER UINT64_MAX

uint64_t nsi_hws_get_time(void);
void nsi_hws_find_next_event(void);

#endif
