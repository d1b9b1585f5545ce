#include "module_uart.h"

#include "board.h"
#include "core.h"

/* Powers of two. At 921600 baud the receive ring holds 44 ms; a board with little RAM takes less. */
#ifndef RX_SIZE
#define RX_SIZE 4096u
#endif
#define TX_SIZE 256u

/* Counters run freely; the difference is the fill level. */
typedef struct {
    volatile uint32_t in;
    volatile uint32_t out;
} ring;

static ring rx, tx;
static uint8_t rx_bytes[RX_SIZE], tx_bytes[TX_SIZE];
static module_uart_stats stats;

/* What the line has to carry: `bytes` were written since `since`, when it was free. */
static struct {
    uint32_t baud;
    uint32_t since;               /* milliseconds */
    uint32_t bytes;
} line = {.baud = BOOT_BAUD};

size_t module_uart_read(uint8_t *out, size_t cap)
{
    size_t count = 0;

    while (count < cap && rx.out != rx.in) {
        memory_barrier();
        out[count++] = rx_bytes[rx.out % RX_SIZE];
        memory_barrier();
        rx.out++;
    }
    return count;
}

void module_uart_received(uint8_t byte)
{
    uint32_t waiting = rx.in - rx.out;

    stats.rx_bytes++;
    if (waiting >= RX_SIZE) {
        stats.dropped++;
        return;
    }
    rx_bytes[rx.in % RX_SIZE] = byte;
    memory_barrier();
    rx.in++;
    if (waiting + 1u > stats.rx_high_water) {
        stats.rx_high_water = waiting + 1u;
    }
}

void module_uart_overrun(void)
{
    stats.overruns++;
}

/* Whether the bytes written can have passed the line by now. 10 bits each; the
   millisecond that is running does not count. */
static bool line_is_free(void)
{
    uint32_t passed = systick_millis() - line.since;

    return line.bytes == 0 ||
           (passed > 0 && (uint64_t)(passed - 1u) * line.baud >= (uint64_t)line.bytes * 10000u);
}

/* A transmitter says when it is done, but that of an emulator takes everything in
   one instant and leaves the pace to the line, so both have a word in this. */
bool module_uart_sent(void)
{
    return tx.in == tx.out && board_module_tx_done() && line_is_free();
}

void module_uart_set_baud(uint32_t baud)
{
    while (!module_uart_sent()) {
        wait_for_interrupt();
    }
    board_module_set_baud(baud);
    line.baud = baud;
}

void module_uart_write(const uint8_t *bytes, size_t count)
{
    if (line_is_free()) {
        line.since = systick_millis();
        line.bytes = 0;
    }
    line.bytes += (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        while (tx.in - tx.out >= TX_SIZE) {
            board_module_tx_start();
            interrupts_off();
            if (tx.in - tx.out >= TX_SIZE) {
                wait_for_interrupt();
            }
            interrupts_on();
        }
        tx_bytes[tx.in % TX_SIZE] = bytes[i];
        memory_barrier();
        tx.in++;
    }
    stats.tx_bytes += (uint32_t)count;
    board_module_tx_start();
}

int module_uart_next_tx(void)
{
    int byte;

    if (tx.out == tx.in) {
        return -1;
    }
    memory_barrier();
    byte = tx_bytes[tx.out % TX_SIZE];
    memory_barrier();
    tx.out++;
    return byte;
}

void module_uart_idle(void)
{
    /* With interrupts off, one that comes between the question and the sleep
       still ends the sleep, and runs afterwards. */
    interrupts_off();
    if (rx.in == rx.out) {
        wait_for_interrupt();
    }
    interrupts_on();
}

const module_uart_stats *module_uart_statistics(void)
{
    return &stats;
}
