/*
 * Netduino Plus 2 (STM32F405, Cortex-M4, 168 MHz from a 25 MHz crystal).
 * USART1 on PA9/PA10 is the console, USART2 on PA2/PA3 the module, with CTS and
 * RTS on PA0/PA1.
 * Other boards with this chip include this file and say what differs.
 */
#ifndef BOARD_NAME
#define BOARD_NAME "netduinoplus2"
#define CRYSTAL_MHZ 25u
#endif

#include "board.h"

#include "core.h"
#include "module_uart.h"

#define FAST_HZ 168000000u        /* from the PLL */
#define SLOW_HZ 16000000u         /* the internal oscillator, after reset */

#define RCC_CR REG32(0x40023800u)
#define RCC_PLLCFGR REG32(0x40023804u)
#define RCC_CFGR REG32(0x40023808u)
#define RCC_AHB1ENR REG32(0x40023830u)
#define RCC_APB1ENR REG32(0x40023840u)
#define RCC_APB2ENR REG32(0x40023844u)
#define FLASH_ACR REG32(0x40023C00u)
#define GPIOA_MODER REG32(0x40020000u)
#define GPIOA_AFRL REG32(0x40020020u)
#define GPIOA_AFRH REG32(0x40020024u)

enum { HSI_READY = 1u << 1, HSE_ON = 1u << 16, HSE_READY = 1u << 17, PLL_ON = 1u << 24,
       PLL_READY = 1u << 25 };

typedef struct {
    volatile uint32_t sr;
    volatile uint32_t dr;
    volatile uint32_t brr;
    volatile uint32_t cr1;
    volatile uint32_t cr2;
    volatile uint32_t cr3;
} stm32_usart;

#define CONSOLE ((stm32_usart *)0x40011000u)
#define MODULE ((stm32_usart *)0x40004400u)

enum { SR_OVERRUN = 1u << 3, SR_RX_NOT_EMPTY = 1u << 5, SR_TX_COMPLETE = 1u << 6,
       SR_TX_EMPTY = 1u << 7 };
enum { CR1_RX = 1u << 2, CR1_TX = 1u << 3, CR1_RX_INT = 1u << 5, CR1_ENABLE = 1u << 13 };
enum { CR3_RTS = 1u << 8, CR3_CTS = 1u << 9 };
enum { IRQ_MODULE = 38, IRQS = 82 };

static uint32_t core_clock;
static uint32_t module_clock; /* APB1 */

static void module_handler(void)
{
    uint32_t status;

    while ((status = MODULE->sr) & (SR_RX_NOT_EMPTY | SR_OVERRUN)) {
        uint8_t byte = (uint8_t)MODULE->dr; /* after sr, this clears both flags */

        if (status & SR_OVERRUN) {
            module_uart_overrun();
        }
        if (status & SR_RX_NOT_EMPTY) {
            module_uart_received(byte);
        }
    }
}

static void send(stm32_usart *usart, uint8_t byte)
{
    while (!(usart->sr & SR_TX_EMPTY)) {
    }
    usart->dr = byte;
}

/* Polled, because QEMU before 8.2 has no transmit interrupt for this USART. */
void board_module_tx_start(void)
{
    int byte;

    while ((byte = module_uart_next_tx()) >= 0) {
        send(MODULE, (uint8_t)byte);
    }
}

bool board_module_tx_done(void)
{
    return (MODULE->sr & SR_TX_COMPLETE) != 0;
}

void board_module_set_baud(uint32_t baud)
{
    MODULE->brr = (module_clock + baud / 2u) / baud;
}

unsigned board_module_flow_control(void)
{
    return 3;
}

BOARD_VECTORS const vector board_vectors[IRQS] = {
    [0 ... IRQ_MODULE - 1] = unexpected_handler,
    [IRQ_MODULE] = module_handler,
    [IRQ_MODULE + 1 ... IRQS - 1] = unexpected_handler,
};

static bool wait_for_clock(uint32_t flag)
{
    for (uint32_t tries = 0; tries < 100000u; tries++) {
        if (RCC_CR & flag) {
            return true;
        }
    }
    return false;
}

/* Returns the core clock; the APB1 and APB2 clocks are 1/4 and 1/2 of it when fast. */
static uint32_t start_clock(void)
{
    /* The internal oscillator always runs after reset. A clock controller that
       denies it is not there: QEMU has none, and runs the core at full speed. */
    if (!(RCC_CR & HSI_READY)) {
        return FAST_HZ;
    }
    RCC_CR |= HSE_ON;
    if (!wait_for_clock(HSE_READY)) {
        return SLOW_HZ;
    }
    RCC_PLLCFGR = CRYSTAL_MHZ | 336u << 6 | 0u << 16 | 1u << 22 | 7u << 24; /* 1 MHz * 336 / 2 */
    RCC_CR |= PLL_ON;
    if (!wait_for_clock(PLL_READY)) {
        return SLOW_HZ;
    }
    FLASH_ACR = 5u | 7u << 8;             /* 5 wait states, caches and prefetch */
    RCC_CFGR = 2u | 5u << 10 | 4u << 13;  /* PLL, APB1 / 4, APB2 / 2 */
    return FAST_HZ;
}

static void start_pins(void)
{
    RCC_AHB1ENR |= 1u << 0;
    GPIOA_MODER = (GPIOA_MODER & ~0x003C00FFu) | 0x002800AAu; /* alternate function */
    GPIOA_AFRL = (GPIOA_AFRL & ~0x0000FFFFu) | 0x00007777u;   /* AF7: USART2 on 0 to 3 */
    GPIOA_AFRH = (GPIOA_AFRH & ~0x00000FF0u) | 0x00000770u;   /* AF7: USART1 on 9, 10 */
}

#ifdef MODULE_EN_PIN
#define GPIOC_MODER REG32(0x40020800u)
#define GPIOC_BSRR REG32(0x40020818u)

/* Holds the module in reset for a moment: what it did before does not matter then. */
static void reset_module(void)
{
    RCC_AHB1ENR |= 1u << 2;
    GPIOC_BSRR = 1u << (MODULE_EN_PIN + 16u);
    GPIOC_MODER = (GPIOC_MODER & ~(3u << 2u * MODULE_EN_PIN)) | 1u << 2u * MODULE_EN_PIN;
    for (volatile uint32_t i = 0; i < 100000u; i++) { /* some milliseconds */
    }
    GPIOC_BSRR = 1u << MODULE_EN_PIN;
}
#else
static void reset_module(void)
{
}
#endif

void board_init(void)
{
    uint32_t apb2;

    core_clock = start_clock();
    module_clock = core_clock == FAST_HZ ? FAST_HZ / 4u : SLOW_HZ;
    apb2 = core_clock == FAST_HZ ? FAST_HZ / 2u : SLOW_HZ;
    start_pins();
    RCC_APB2ENR |= 1u << 4;
    RCC_APB1ENR |= 1u << 17;
    CONSOLE->brr = (apb2 + BOOT_BAUD / 2u) / BOOT_BAUD;
    CONSOLE->cr1 = CR1_ENABLE | CR1_TX;
    board_module_set_baud(BOOT_BAUD);
    MODULE->cr3 = CR3_RTS | CR3_CTS;
    MODULE->cr1 = CR1_ENABLE | CR1_TX | CR1_RX | CR1_RX_INT;
    nvic_enable(IRQ_MODULE);
    reset_module();
}

const char *board_name(void)
{
    return BOARD_NAME;
}

uint32_t board_core_clock(void)
{
    return core_clock;
}

void board_console_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        send(CONSOLE, (uint8_t)text[i]);
    }
}
