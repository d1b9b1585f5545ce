/* Arm's PrimeCell UART (PL011), as boards with it use it: a byte at a time. */
#ifndef PL011_H
#define PL011_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    volatile uint32_t data;             /* 0x00 */
    volatile uint32_t receive_status;   /* a write clears the overrun */
    uint32_t unused_1[4];
    volatile uint32_t flags;            /* 0x18 */
    uint32_t unused_2[2];
    volatile uint32_t divider;          /* 0x24: of the clock by 16 */
    volatile uint32_t divider_fraction; /* in 64ths */
    volatile uint32_t line;
    volatile uint32_t control;          /* 0x30 */
    uint32_t unused_3;
    volatile uint32_t interrupt_mask;   /* 0x38 */
    uint32_t unused_4[2];
    volatile uint32_t interrupt_clear;  /* 0x44 */
} pl011;

enum { PL011_BUSY = 1u << 3, PL011_RX_EMPTY = 1u << 4, PL011_TX_FULL = 1u << 5 };
enum { PL011_RX_OVERRUN = 1u << 3, PL011_INT_RX = 1u << 4 };

static inline void pl011_set_baud(pl011 *uart, uint32_t clock_hz, uint32_t baud)
{
    const uint32_t divider = (clock_hz * 4u + baud / 2u) / baud; /* in 64ths */

    uart->control = 0;
    uart->divider = divider / 64u;
    uart->divider_fraction = divider % 64u;
    uart->line = 3u << 5; /* 8n1, no FIFOs: an interrupt for each byte. This takes the divider, too. */
    uart->control = 1u << 9 | 1u << 8 | 1u;
}

static inline void pl011_put(pl011 *uart, uint8_t byte)
{
    while (uart->flags & PL011_TX_FULL) {
    }
    uart->data = byte;
}

#endif
