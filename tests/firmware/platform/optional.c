/* What a board may leave out. */
#include "board.h"

__attribute__((weak)) int board_console_read(void)
{
    return -1;
}

__attribute__((weak)) bool board_module_enable(bool on)
{
    (void)on;
    return false;
}
