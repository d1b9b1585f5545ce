/*
 * What a board must provide. boards/<name>/board.c implements all of it and
 * the table of its interrupt vectors; nothing else knows a register of the
 * chip outside the Cortex-M core.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Sets up clocks, pins and both UARTs (115200 8N1), module receive interrupt on. */
void board_init(void);

const char *board_name(void);

/* Core clock in Hz, which SysTick counts. Valid after board_init(). */
uint32_t board_core_clock(void);

/* Writes to the console UART and returns when the last byte is in the
   transmitter. Must work with interrupts off. */
void board_console_write(const char *text, size_t count);

/* There are bytes in the module UART's transmit ring: send them with
   module_uart_next_tx(), here or from the transmit interrupt. Called with
   interrupts on, never from an interrupt. */
void board_module_tx_start(void);

#endif
