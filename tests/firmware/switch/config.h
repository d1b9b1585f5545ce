/* Which lamp it switches. Each can be replaced with -D, see the Makefile's DEFS; the lamp has the same. */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef LAMP_ADDRESS
#define LAMP_ADDRESS "192.168.1.50"
#endif
#ifndef LAMP_PORT
#define LAMP_PORT 5000
#endif

/* How often it is pressed, and the time between, in milliseconds. An even number leaves the lamp off. */
#ifndef PRESSES
#define PRESSES 10
#endif
#ifndef PAUSE_MS
#define PAUSE_MS 250
#endif

#endif
