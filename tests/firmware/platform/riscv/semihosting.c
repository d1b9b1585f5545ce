#include "semihosting.h"

#include "core.h"

enum { SYS_EXIT = 0x18, SYS_WRITEC = 0x03, SYS_EXIT_EXTENDED = 0x20 };
enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

/* The three instructions must not be compressed, nor stand in two pages. */
__attribute__((naked, noinline, aligned(16))) static uint32_t call_host(uint32_t operation, uintptr_t argument)
{
    (void)operation;
    (void)argument;
    __asm volatile(".option push\n\t"
                   ".option norvc\n\t"
                   "slli zero, zero, 0x1f\n\t"
                   "ebreak\n\t"
                   "srai zero, zero, 7\n\t"
                   ".option pop\n\t"
                   "ret");
}

bool semihosting_was_refused(uint32_t pc)
{
    return pc == (uint32_t)(uintptr_t)call_host + 4u;
}

void semihosting_put(char c)
{
    call_host(SYS_WRITEC, (uintptr_t)&c);
}

void exit_to_host(int code)
{
    uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)code};

    call_host(SYS_EXIT_EXTENDED, (uintptr_t)block);
    systick_stop();
    interrupts_off();
    for (;;) {
        wait_for_interrupt();
    }
}
