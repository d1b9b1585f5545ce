/*
 * Ring buffers between the module's UART interrupt and the main program. One
 * producer and one consumer each, so that neither side needs a lock.
 */
#ifndef MODULE_UART_H
#define MODULE_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t rx_bytes;
    uint32_t tx_bytes;
    uint32_t overruns;            /* bytes the UART lost, reported by its overrun flag */
    uint32_t dropped;             /* bytes lost because the receive ring was full */
    uint32_t rx_high_water;       /* most bytes that ever waited in the receive ring */
} module_uart_stats;

/* Main program. */
size_t module_uart_read(uint8_t *out, size_t cap);
void module_uart_write(const uint8_t *bytes, size_t count);
void module_uart_idle(void);      /* sleeps unless received bytes are waiting */
bool module_uart_sent(void);      /* whether the last byte written has left the wire */
void module_uart_set_baud(uint32_t baud); /* waits until that is so */
const module_uart_stats *module_uart_statistics(void);

/* Board, receive interrupt. */
void module_uart_received(uint8_t byte);
void module_uart_overrun(void);

/* Board, transmitter: the next byte to send, or -1. Not to be called from the
   main program while the interrupt that also calls it is enabled. */
int module_uart_next_tx(void);

#endif
