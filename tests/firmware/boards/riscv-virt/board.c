/*
 * QEMU's `virt` machine for RISC-V, in machine mode (-bios none). It has one
 * UART, a 16550, which is the module's; the console is the host's, over
 * semihosting.
 */
#include "board.h"

#include "core.h"
#include "module_uart.h"
#include "semihosting.h"

#define TIMER_HZ 10000000u

/* The clock of the UART as the machine's device tree has it, by 16. */
#define UART_HZ 230400u
#define UART 0x10000000u
#define DATA REG8(UART + 0)       /* with LCR_DLAB the divider */
#define ENABLE REG8(UART + 1)
#define FIFO REG8(UART + 2)
#define LINE REG8(UART + 3)
#define STATUS REG8(UART + 5)
enum { LINE_8N1 = 3, LINE_DLAB = 0x80, ENABLE_RX = 1, STATUS_RX = 1, STATUS_OVERRUN = 2, STATUS_TX_EMPTY = 0x20 };

#define PLIC 0x0c000000u
enum { IRQ_UART = 10 };
#define PLIC_PRIORITY(irq) REG32(PLIC + 4u * (irq))
#define PLIC_ENABLE REG32(PLIC + 0x2000u)
#define PLIC_CLAIM REG32(PLIC + 0x200004u)

void board_external_interrupt(void)
{
    uint32_t irq = PLIC_CLAIM;
    uint8_t status;

    while ((status = STATUS) & STATUS_RX) {
        if (status & STATUS_OVERRUN) {
            module_uart_overrun();
        }
        module_uart_received(DATA);
    }
    PLIC_CLAIM = irq;
}

void board_module_tx_start(void)
{
    int byte;

    /* One at a time, so that the receiver's interrupt need not wait for all. */
    do {
        interrupts_off();
        byte = module_uart_next_tx();
        if (byte >= 0) {
            while (!(STATUS & STATUS_TX_EMPTY)) {
            }
            DATA = (uint8_t)byte;
        }
        interrupts_on();
    } while (byte >= 0);
}

bool board_module_tx_done(void)
{
    return STATUS & STATUS_TX_EMPTY;
}

void board_module_set_baud(uint32_t baud)
{
    uint32_t divider = UART_HZ / baud;

    /* 921600 is more than the clock gives; in QEMU the line is the module's. */
    divider = divider == 0 ? 1 : divider;
    LINE = LINE_8N1 | LINE_DLAB;
    DATA = (uint8_t)divider;
    ENABLE = (uint8_t)(divider >> 8);
    LINE = LINE_8N1;
}

unsigned board_module_flow_control(void)
{
    return 1;
}

void board_init(void)
{
    board_module_set_baud(BOOT_BAUD);
    FIFO = 0; /* an interrupt for each byte */
    ENABLE = ENABLE_RX;
    PLIC_PRIORITY(IRQ_UART) = 1;
    PLIC_ENABLE = 1u << IRQ_UART;
}

const char *board_name(void)
{
    return "riscv-virt";
}

uint32_t board_core_clock(void)
{
    return TIMER_HZ;
}

void board_console_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        semihosting_put(text[i]);
    }
}
