/* What the application serves. Each can be replaced with -D, see the Makefile's DEFS. */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef SERVER_PORT
#define SERVER_PORT 8080
#endif
#ifndef SECURE_PORT
#define SECURE_PORT 8443
#endif
#ifndef SERVER_CLIENTS
#define SERVER_CLIENTS 2
#endif
#ifndef SERVER_TIMEOUT_S
#define SERVER_TIMEOUT_S 120
#endif

/* How many clients step "server" serves before it is satisfied. */
#ifndef CLIENTS_TO_SERVE
#define CLIENTS_TO_SERVE 3
#endif

/* What step "upload" is sent: that many records of 80 bytes, see upload.c. */
#ifndef UPLOAD_RECORDS
#define UPLOAD_RECORDS 90
#endif

#ifndef UDP_PORT
#define UDP_PORT 5000
#endif

/* Datagrams that step "datagrams" answers to each of two hosts. */
#ifndef DATAGRAMS_PER_HOST
#define DATAGRAMS_PER_HOST 3
#endif

/* How long a step waits for somebody to come, in milliseconds. */
#ifndef PATIENCE_MS
#define PATIENCE_MS 120000
#endif

#endif
