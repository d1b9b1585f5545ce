/* What the runner asks of the embedded software. */
#ifndef NSI_CPU_IF_H
#define NSI_CPU_IF_H

#define NATIVE_SIMULATOR_IF

void nsif_cpu0_boot(void);
int nsif_cpu0_cleanup(void);
void nsif_cpu0_irq_raised(void);
void nsif_cpu0_irq_raised_from_sw(void);

#endif
