/* A CPU that runs in zero time until it halts, and halts until it is woken. */
#ifndef NCE_IF_H
#define NCE_IF_H

void *nce_init(void);
void nce_boot_cpu(void *cpu, void (*start_routine)(void));
void nce_halt_cpu(void *cpu);
void nce_wake_cpu(void *cpu);
void nce_terminate(void *cpu);

#endif
