/* What the module says on its own, between replies or in the middle of one. */
#ifndef AT_URC_H
#define AT_URC_H

#include "at_driver.h"

/* Takes `line` if it is such a message: the state changes, and the application hears of it. */
bool at_take_urc(at_driver *at, const char *line);

#endif
