/* The processor of the embedded software, on the runner. */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/* The embedded software: where the processor begins. Does not return. */
void start(void);

/* WFI: until an interrupt, and until the simulated time `until` (us) at the latest. */
void halt(uint64_t until);

#endif
