/* The interrupt controller. A pending interrupt that is enabled wakes the CPU; the CPU asks which it is and clears it. */
#ifndef IRQ_CTRL_H
#define IRQ_CTRL_H

void hw_irq_ctrl_prio_set(unsigned int irq, unsigned int prio);
void hw_irq_ctrl_enable_irq(unsigned int irq);
void hw_irq_ctrl_set_irq(unsigned int irq);
void hw_irq_ctrl_clear_irq(unsigned int irq);
int hw_irq_ctrl_get_highest_prio_irq(void);

#endif
