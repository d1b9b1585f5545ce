#include "at_mqtt.h"

#include <string.h>

#include "at_commands.h"
#include "at_text.h"

/* Milliseconds. The module gives up before. */
enum {
    CONNECT_MS = 60000,           /* a name, TCP, TLS and the broker's answer, 10 s and more each */
    ANSWER_MS = 40000,            /* it sends an unanswered message again and again, for 30 s */
    PROMPT_MS = 5000,
    CLEAN_MS = 15000,
};

at_result at_mqtt_configure(at_driver *at, at_mqtt_scheme scheme, const char *client,
                            const char *user, const char *password)
{
    at_quoted c = at_quote(client), u = at_quote(user), p = at_quote(password);
    at_result result;

    if (!c.fits || !u.fits || !p.fits) {
        return AT_BAD_ARGUMENT;
    }
    result = at_mqtt_clean(at);
    if (result != AT_OK) {
        return result;
    }
    return at_command(at, AT_SETTING_MS, NULL, NULL, "AT+MQTTUSERCFG=0,%d,%s,%s,%s,0,0,\"\"",
                      (int)scheme, c.text, u.text, p.text);
}

at_result at_mqtt_set_will(at_driver *at, unsigned keep_alive_s, const at_mqtt_will *will)
{
    at_quoted t = at_quote(will->topic), m = at_quote(will->message);

    if (!t.fits || !m.fits) {
        return AT_BAD_ARGUMENT;
    }
    return at_command(at, AT_SETTING_MS, NULL, NULL, "AT+MQTTCONNCFG=0,%u,0,%s,%s,1,1",
                      keep_alive_s, t.text, m.text);
}

at_result at_mqtt_connect(at_driver *at, const char *host, uint16_t port, bool reconnect)
{
    at_quoted h = at_quote(host);

    return h.fits ? at_command(at, CONNECT_MS, NULL, NULL, "AT+MQTTCONN=0,%s,%u,%d", h.text, port,
                               reconnect)
                  : AT_BAD_ARGUMENT;
}

at_result at_mqtt_subscribe(at_driver *at, const char *filter, unsigned qos)
{
    at_quoted f = at_quote(filter);

    return f.fits ? at_command(at, ANSWER_MS, NULL, NULL, "AT+MQTTSUB=0,%s,%u", f.text, qos)
                  : AT_BAD_ARGUMENT;
}

at_result at_mqtt_publish(at_driver *at, const char *topic, const char *message, unsigned qos,
                          bool retain)
{
    at_quoted t = at_quote(topic);
    size_t count = strlen(message);

    /* AT+MQTTPUB would need escapes in the message, and has 256 bytes for all. */
    return t.fits ? at_command_with_payload(at, PROMPT_MS, ANSWER_MS, (const uint8_t *)message,
                                            count, "AT+MQTTPUBRAW=0,%s,%u,%u,%d", t.text,
                                            (unsigned)count, qos, retain)
                  : AT_BAD_ARGUMENT;
}

at_result at_mqtt_clean(at_driver *at)
{
    at_result result = at_command(at, CLEAN_MS, NULL, NULL, "AT+MQTTCLEAN=0");

    at->mqtt_connected = false; /* the module does not report that it is over */
    return result == AT_ERROR ? AT_OK : result; /* there was none */
}
