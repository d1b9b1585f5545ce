/* Where the lamp is. Each can be replaced with -D, see the Makefile's DEFS; the switch has the same. */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef LAMP_ADDRESS
#define LAMP_ADDRESS "192.168.1.50"
#endif
#ifndef LAMP_PORT
#define LAMP_PORT 5000
#endif

/* How long it waits for its switch to come, and to go again, in milliseconds. */
#ifndef PATIENCE_MS
#define PATIENCE_MS 120000
#endif

#endif
