/*
 * STM32F4 Discovery (STM32F407, 168 MHz from an 8 MHz crystal): a Netduino Plus 2
 * to us, but that the module's EN is wired to PC4.
 */
#define BOARD_NAME "stm32f4_discovery"
#define CRYSTAL_MHZ 8u
#define MODULE_EN_PIN 4u
#include "../netduinoplus2/board.c"
