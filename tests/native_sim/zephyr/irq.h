/* In place of Zephyr's: the board's table of interrupts. */
#ifndef ZEPHYR_IRQ_H
#define ZEPHYR_IRQ_H

void board_connect(unsigned int irq, unsigned int priority, void (*handler)(const void *argument), const void *argument);
void board_enable(unsigned int irq);

#define IRQ_CONNECT(irq, priority, handler, argument, flags) board_connect(irq, priority, handler, argument)
#define irq_enable(irq) board_enable(irq)

#endif
