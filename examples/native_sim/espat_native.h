/*
 * Between the two halves of the coupling: the hardware model in the runner (espat_native.c, built with the host's C
 * library) and the UART driver of the embedded software (uart_espat.c, built as that software is). Types of <stdint.h> and
 * <stdbool.h> alone, since the two may have different C libraries.
 *
 * All functions are called from the embedded software, in zero simulated time, as native_sim runs it.
 */
#ifndef ESPAT_NATIVE_H
#define ESPAT_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The interrupt of the UART: one that the board's own models leave free. */
#define ESPAT_NATIVE_IRQ 7

/* What the UART is set to; the numbers are those of the C ABI. */
struct espat_native_line {
    uint32_t baud;
    uint8_t data_bits;  /* 5 to 8 */
    uint8_t parity;     /* 0 none, 1 odd, 2 even */
    uint8_t stop_bits;  /* 0 one, 1 one and a half, 2 two */
    bool flow_control;  /* RTS and CTS are wired, both ways */
};

/* Errors seen since the last espat_native_errors(), added. */
#define ESPAT_NATIVE_OVERRUN 1u /* the receive FIFO was full */
#define ESPAT_NATIVE_PARITY  2u
#define ESPAT_NATIVE_FRAMING 4u
#define ESPAT_NATIVE_BREAK   8u

/* Sets the UART; false, and nothing is changed, for what the wire can't do. */
bool espat_native_configure(const struct espat_native_line *line);

/* Takes up to `capacity` bytes out of the receive FIFO; how many there were. */
size_t espat_native_read(uint8_t *out, size_t capacity);

/* Puts bytes into the transmit FIFO, as many as there is room for; how many. */
size_t espat_native_fill(const uint8_t *bytes, size_t count);

/* Puts a byte behind those in the transmit FIFO, room or not: a busy wait would never end in zero time. */
void espat_native_store(uint8_t byte);

/* Bytes that are there to read, free places to write, and whether everything has left the wire. */
size_t espat_native_readable(void);
size_t espat_native_writable(void);
bool espat_native_sent(void);

/* Which conditions raise the interrupt. One that holds already raises it at once. */
void espat_native_interrupts(bool receive, bool transmit);

uint32_t espat_native_errors(void);

/* Drives the module's EN: low holds it in reset. */
void espat_native_enable(bool high);

#endif
