/*
 * What a board must provide. boards/<name>/board.c implements all of it and
 * the table of its interrupt vectors; nothing else knows a register of the
 * chip outside the Cortex-M core.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets up clocks, pins and both UARTs (BOOT_BAUD, 8N1), module receive interrupt on. */
void board_init(void);

/* What both UARTs start with, and the module after each start. */
#define BOOT_BAUD 115200u

const char *board_name(void);

/* Core clock in Hz, which SysTick counts. Valid after board_init(). */
uint32_t board_core_clock(void);

/* Writes to the console UART and returns when the last byte is in the
   transmitter. Must work with interrupts off. */
void board_console_write(const char *text, size_t count);

/* A byte that was typed on the console, or -1. A board may leave this out. */
int board_console_read(void);

/* Drives the module's EN; false: no pin of this board does. A board may leave this out. */
bool board_module_enable(bool on);

/* There are bytes in the module UART's transmit ring: send them with
   module_uart_next_tx(), here or from the transmit interrupt. Called with
   interrupts on, never from an interrupt. */
void board_module_tx_start(void);

/* Whether the transmitter says that it has sent what it was given. */
bool board_module_tx_done(void);

/* Sets the module UART to 115200 or 921600 baud. Called while it sends nothing. */
void board_module_set_baud(uint32_t baud);

/* Flow control between the UARTs as AT+UART has it: 1, the module's RTS stops us;
   2, our RTS stops the module; 3, both. */
unsigned board_module_flow_control(void);

#endif
