/*
 * The module's own MQTT client. What it receives and what happens to its connection
 * comes through at_handlers; at->mqtt_connected says whether it is connected now.
 *
 * With `reconnect` the module connects again by itself, 10 to 15 s after a loss, and
 * subscribes again; what was published meanwhile is the caller's to repeat.
 */
#ifndef AT_MQTT_H
#define AT_MQTT_H

#include "at_driver.h"

/* How the client reaches the broker: AT+MQTTUSERCFG's <scheme>. */
typedef enum {
    AT_MQTT_TCP = 1,
    AT_MQTT_TLS = 2,              /* nobody is verified */
    AT_MQTT_TLS_VERIFIED = 3,     /* the broker is: the clock must be set */
} at_mqtt_scheme;

/* What a broker tells others when the client is gone without a word; it is retained. */
typedef struct {
    const char *topic;
    const char *message;
} at_mqtt_will;

/* A session as a whole, replacing one that there may have been. Text must not be empty,
   but for `user` and `password`. */
at_result at_mqtt_configure(at_driver *at, at_mqtt_scheme scheme, const char *client,
                            const char *user, const char *password);
at_result at_mqtt_set_will(at_driver *at, unsigned keep_alive_s, const at_mqtt_will *will);

/* When that fails the module forgets all settings. */
at_result at_mqtt_connect(at_driver *at, const char *host, uint16_t port, bool reconnect);

at_result at_mqtt_subscribe(at_driver *at, const char *filter, unsigned qos);

/* With `qos` 1 or 2, returns when the broker has the message; AT_ERROR or AT_SEND_FAIL may
   mean that it has it, too, and that its answer was lost. */
at_result at_mqtt_publish(at_driver *at, const char *topic, const char *message, unsigned qos,
                          bool retain);

/* Ends the session, if there is one, and forgets it. */
at_result at_mqtt_clean(at_driver *at);

#endif
