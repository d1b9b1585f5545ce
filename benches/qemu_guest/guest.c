/*
 * The guest of benches/qemu.rs, for Arm's MPS2 with the AN385 image (Cortex-M3, 25 MHz). A timer of the board wakes
 * it WAKES times, every TICKS_OF_25_MHZ; every WAKES_PER_LINE-th time it sends "AT" on UART1, and takes what comes back
 * by interrupt. In between it sleeps, or with BUSY computes. Then it ends QEMU through semihosting.
 */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define TIMER 0x40000000u
#define UART1 0x40005000u
enum { UART_DATA = 0, UART_STATE = 4, UART_CTRL = 8, UART_INT = 12, UART_BAUD = 16 };
enum { TIMER_CTRL = 0, TIMER_VALUE = 4, TIMER_RELOAD = 8, TIMER_INT = 12 };
enum { IRQ_UART1_RX = 2, IRQ_TIMER = 8, IRQS = 32 };

static volatile uint32_t wakes, received;

void reset(void);

static void stop(void)
{
    for (;;) {
    }
}

static void on_receive(void)
{
    REG(UART1 + UART_INT) = 2;
    while (REG(UART1 + UART_STATE) & 2u) {
        (void)REG(UART1 + UART_DATA);
        received++;
    }
}

static void on_timer(void)
{
    REG(TIMER + TIMER_INT) = 1;
    wakes++;
}

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + IRQS] = {
    (vector)0x20010000u,
    reset,
    [2 ... 15] = stop,
    [16 + IRQ_UART1_RX] = on_receive,
    [16 + IRQ_TIMER] = on_timer,
};

static void exit_to_host(int code)
{
    /* ADP_Stopped_ApplicationExit */
    uint32_t block[2] = {0x20026u, (uint32_t)code};
    register uint32_t r0 __asm("r0") = 0x20; /* SYS_EXIT_EXTENDED */
    register uint32_t *r1 __asm("r1") = block;

    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

void reset(void)
{
    static const char line[] = "AT\r\n";
    uint32_t seen = 0, work = 0;

    /* No image of initialised data: the two counters are set here. */
    wakes = 0;
    received = 0;
    REG(UART1 + UART_BAUD) = 25000000u / 115200u;
    REG(UART1 + UART_CTRL) = 1u | 2u | 8u;
    REG(TIMER + TIMER_RELOAD) = TICKS_OF_25_MHZ - 1u;
    REG(TIMER + TIMER_VALUE) = TICKS_OF_25_MHZ - 1u;
    REG(TIMER + TIMER_CTRL) = 1u | 8u;
    REG(0xE000E100u) = 1u << IRQ_UART1_RX | 1u << IRQ_TIMER;
    while (seen < WAKES) {
#ifdef BUSY
        while (seen == wakes) {
            work = work * 1664525u + 1013904223u;
        }
#else
        /* An interrupt between the question and the sleep ends the sleep. */
        __asm volatile("cpsid i" ::: "memory");
        if (seen == wakes) {
            __asm volatile("wfi" ::: "memory");
        }
        __asm volatile("cpsie i\n\tisb" ::: "memory");
        if (seen == wakes) {
            continue;
        }
#endif
        seen++;
        if (seen % WAKES_PER_LINE == 0) {
            for (uint32_t i = 0; i < sizeof line - 1u; i++) {
                while (REG(UART1 + UART_STATE) & 1u) {
                }
                REG(UART1 + UART_DATA) = (uint32_t)line[i];
            }
        }
    }
    REG(0x20000000u) = work; /* what is computed is used */
    exit_to_host(0);
    stop();
}
