/*
 * Arm MPS2 with the AN505 image (Cortex-M33 with TrustZone, 20 MHz): the peripherals of AN385 at other addresses. All of
 * this runs in the secure state, as after reset, so the addresses are the secure ones (bit 28 set).
 */
#define BOARD_NAME "mps2-an505"
#define CLOCK_HZ 20000000u
#define UART_BASE 0x50200000u
#define GPIO0_BASE 0x50110000u
enum { IRQ_MODULE_RX = 34, IRQ_MODULE_TX = 35, IRQS = 64 };
#include "../mps2-an385/board.c"
