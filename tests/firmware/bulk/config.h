/* How much goes where. Each can be replaced with -D, see the Makefile's DEFS. */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef BULK_BYTES
#define BULK_BYTES 32768u
#endif

#ifndef BULK_HOST
#define BULK_HOST "nas.lan"
#endif
#ifndef BULK_PORT
#define BULK_PORT 7
#endif

#endif
