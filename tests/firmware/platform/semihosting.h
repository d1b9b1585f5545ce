/* The end of the program, told to a debugger or emulator through semihosting. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stdbool.h>
#include <stdint.h>

/* Ends the emulation with this exit code. Without a host that listens: sleeps for ever. */
void exit_to_host(int code) __attribute__((noreturn));

/* Writes a character where the host shows it; not on Cortex-M. */
void semihosting_put(char c);

/* Whether the instruction at `pc` is the semihosting call, which faults when
   no debugger takes it. */
bool semihosting_was_refused(uint32_t pc);

#endif
