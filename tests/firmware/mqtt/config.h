/* What the application talks to. Each can be replaced with -D, see the Makefile's DEFS. */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef BROKER_HOST
#define BROKER_HOST "mqtt.example.com"
#endif
#ifndef BROKER_PORT
#define BROKER_PORT 8883
#endif
#ifndef BROKER_SCHEME
#define BROKER_SCHEME AT_MQTT_TLS_VERIFIED
#endif
#ifndef CLIENT_ID
#define CLIENT_ID "thermometer"
#endif
#ifndef BROKER_USER
#define BROKER_USER "thermometer"
#endif
#ifndef BROKER_PASSWORD
#define BROKER_PASSWORD "correct horse"
#endif

/* A client that is silent for longer is gone. */
#ifndef KEEP_ALIVE_S
#define KEEP_ALIVE_S 30
#endif

/* How often there is a reading, in milliseconds. */
#ifndef READING_MS
#define READING_MS 3000
#endif

/* How long a step waits for what should happen, in milliseconds. */
#ifndef PATIENCE_MS
#define PATIENCE_MS 120000
#endif

#endif
