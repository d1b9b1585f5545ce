/*
 * In place of the board's: a millisecond clock is all that the firmware above the platform asks of the core.
 */
#ifndef CORE_H
#define CORE_H

#include <stdint.h>

/* Milliseconds since the start, of virtual time. */
uint32_t systick_millis(void);

#endif
